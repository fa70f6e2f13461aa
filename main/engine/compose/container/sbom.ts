// SPDX-License-Identifier: LGPL-2.1-or-later
import { createHash } from 'node:crypto';
import { formatEvr, type PackageDetails } from '../../../../shared/domain/index.ts';
import { knownFields } from '../../../files/index.ts';

export type SbomKind = 'cyclonedx' | 'spdx';

/** Media types of SBOMs, which are their artifact types, too. */
export const sbomTypes: Readonly<Record<SbomKind, string>> = {
  cyclonedx: 'application/vnd.cyclonedx+json',
  spdx: 'application/spdx+json',
};

export interface SbomInput {
  readonly name: string;
  readonly version: string;
  readonly commit: string;
  /** Of the commit, ISO 8601. */
  readonly created: string;
  readonly packages: readonly PackageDetails[];
}

/** A list of what is in an image. The few fields are written by hand: the libraries for it bring validators and XML. Equal input gives equal bytes. */
export const sbomOf = (kind: SbomKind, input: SbomInput): Buffer =>
  Buffer.from(JSON.stringify(kind === 'cyclonedx' ? cyclonedx(input) : spdx(input)));

/** Package URL of an RPM (purl-spec, type rpm): the epoch is a qualifier. */
function purlOf({ name, epoch, version, release, arch }: PackageDetails): string {
  const qualifiers = [`arch=${encodeURIComponent(arch)}`, ...(epoch === 0 ? [] : [`epoch=${epoch}`])];
  return `pkg:rpm/${encodeURIComponent(name)}@${encodeURIComponent(`${version}-${release}`)}?${qualifiers.join('&')}`;
}

/** Of the commit and the kind, so that the same image has the same document. */
function uuidOf(kind: SbomKind, commit: string): string {
  const hex = createHash('sha256').update(`${kind} ${commit}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** CycloneDX 1.6. */
function cyclonedx({ name, version, commit, created, packages }: SbomInput): object {
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${uuidOf('cyclonedx', commit)}`,
    version: 1,
    metadata: {
      timestamp: created,
      component: { type: 'operating-system', 'bom-ref': `ostree:${commit}`, name, ...(version === '' ? {} : { version }) },
    },
    components: packages.map((p) => ({
      type: 'library',
      'bom-ref': purlOf(p),
      name: p.name,
      version: formatEvr(p),
      // as the package declares it: many are no SPDX expression
      ...(p.license === undefined ? {} : { licenses: [{ license: { name: p.license } }] }),
      purl: purlOf(p),
      ...(p.sourceRpm === undefined ? {} : { properties: [{ name: 'rpm:sourcerpm', value: p.sourceRpm }] }),
    })),
  };
}

/** SPDX 2.3. */
function spdx({ name, version, commit, created, packages }: SbomInput): object {
  const licenses = [...new Set(packages.flatMap((p) => p.license ?? []))].sort();
  const ids = new Map(licenses.map((text, i) => [text, `LicenseRef-rpm-${i + 1}`] as const));
  const unknown = { downloadLocation: 'NOASSERTION', filesAnalyzed: false, licenseConcluded: 'NOASSERTION', copyrightText: 'NOASSERTION' };
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name,
    documentNamespace: `urn:uuid:${uuidOf('spdx', commit)}`,
    creationInfo: { created, creators: ['Tool: treeline'] },
    packages: [
      {
        SPDXID: 'SPDXRef-image',
        name,
        ...(version === '' ? {} : { versionInfo: version }),
        ...unknown,
        licenseDeclared: 'NOASSERTION',
        primaryPackagePurpose: 'OPERATING-SYSTEM',
      },
      ...packages.map((p, i) => ({
        SPDXID: `SPDXRef-rpm-${i + 1}`,
        name: p.name,
        versionInfo: formatEvr(p),
        ...unknown,
        licenseDeclared: (p.license === undefined ? undefined : ids.get(p.license)) ?? 'NOASSERTION',
        ...knownFields({ sourceInfo: p.sourceRpm === undefined ? undefined : `built from ${p.sourceRpm}` }),
        externalRefs: [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: purlOf(p) }],
      })),
    ],
    // declared texts, of which many are no SPDX expression
    hasExtractedLicensingInfos: licenses.map((text) => ({ licenseId: ids.get(text), name: text, extractedText: text })),
    relationships: [
      { spdxElementId: 'SPDXRef-DOCUMENT', relationshipType: 'DESCRIBES', relatedSpdxElement: 'SPDXRef-image' },
      ...packages.map((_, i) => ({
        spdxElementId: 'SPDXRef-image',
        relationshipType: 'CONTAINS',
        relatedSpdxElement: `SPDXRef-rpm-${i + 1}`,
      })),
    ],
  };
}
