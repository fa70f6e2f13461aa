// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Package } from '../../../../shared/domain/index.ts';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { hasShape, isObject, parseJson, type JsonObject } from '../../../files/index.ts';
import { isPackageName } from './layer-names.ts';
import { unpack } from './unpack.ts';

/** Of the blob, and unpacked: real ones of a desktop have tens of megabytes. */
export const sbomLimits = { packedBytes: 64 << 20, unpackedBytes: 256 << 20 } as const;

type Fail = (detail: string) => TreelineError;

/**
 * The RPM packages that an SBOM lists: syft's own JSON, SPDX (2.x) or CycloneDX. What it is tells the content: registries have syft's as application/vnd.spdx+json.
 * Throws repo.garbage, naming `subject`, when it is something else, lists no RPM packages, or one without version or architecture: a part would look like removals.
 */
export function sbomPackages(bytes: Buffer, subject: string): Package[] {
  const fail: Fail = (detail) => new TreelineError('repo.garbage', { subject, detail: `SBOM: ${detail}` });
  const plain = unpack(bytes, sbomLimits.unpackedBytes, subject);
  let value: unknown;
  try {
    value = parseJson(plain.toString('utf8'), subject);
  } catch (error) {
    throw fail(TreelineError.report(error).detail ?? '');
  }
  if (!isObject(value)) throw fail('it is no object');
  const { artifacts, packages, components } = value;
  const rows = Array.isArray(artifacts)
    ? ofSyft(artifacts, fail)
    : Array.isArray(packages) && hasShape(value, { spdxVersion: 'string' })
      ? packages.flatMap((item: unknown) => ofSpdx(item, fail))
      : Array.isArray(components) && value['bomFormat'] === 'CycloneDX'
        ? components.flatMap((item: unknown) => (hasShape(item, { purl: 'string' }) ? fromPurl(item.purl, fail) : []))
        : undefined;
  if (!rows) throw fail('it is neither syft’s, nor SPDX, nor CycloneDX');
  // keys are entries of the RPM database, but no packages: lists of packages don't have them
  const unique = new Map(rows.filter(({ name }) => name !== 'gpg-pubkey').map((p) => [JSON.stringify(p), p]));
  if (unique.size === 0) throw fail('it lists no RPM packages');
  return [...unique.values()];
}

function ofSyft(artifacts: readonly unknown[], fail: Fail): Package[] {
  return artifacts.flatMap((item): Package[] => {
    if (!hasShape(item, { type: 'string' })) throw fail('an artifact has no type');
    if (item.type !== 'rpm') return [];
    if (!hasShape(item, { name: 'string', version: 'string' })) throw fail('a package has no name or version');
    const meta: JsonObject = isObject(item['metadata']) ? item['metadata'] : {};
    const [told, rest] = splitEpoch(item.version);
    const epoch: unknown = meta['epoch'] ?? told;
    const arch = meta['arch'];
    if (item.name === 'gpg-pubkey') return [];
    return [exactPackage(item.name, epoch, rest, arch, fail)];
  });
}

function ofSpdx(item: unknown, fail: Fail): Package[] {
  const refs: unknown = isObject(item) ? item['externalRefs'] : undefined;
  if (!Array.isArray(refs)) return [];
  return refs.flatMap((ref: unknown) =>
    hasShape(ref, { referenceType: 'string', referenceLocator: 'string' }) && ref.referenceType === 'purl'
      ? fromPurl(ref.referenceLocator, fail)
      : [],
  );
}

/** `pkg:rpm/fedora/bash@5.2-1.fc43?arch=x86_64&epoch=1` (purl-spec): without `epoch` there is none. */
function fromPurl(purl: string, fail: Fail): Package[] {
  if (!purl.startsWith('pkg:rpm/')) return [];
  const found = /^pkg:rpm\/(?:[^@?#]*\/)?([^/@?#]+)@([^?#]+)(?:\?([^#]*))?/.exec(purl);
  if (!found) throw fail(`${purl.slice(0, 200)} has no version`);
  const [name, versioned] = [decoded(found[1] ?? '', fail), decoded(found[2] ?? '', fail)];
  if (name === 'gpg-pubkey') return [];
  const qualifiers = new URLSearchParams((found[3] ?? '').replaceAll('+', '%2B'));
  const [told, rest] = splitEpoch(versioned);
  return [exactPackage(name, qualifiers.get('epoch') ?? told, rest, qualifiers.get('arch'), fail)];
}

function decoded(text: string, fail: Fail): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw fail(`${text.slice(0, 200)} is no name`);
  }
}

function splitEpoch(version: string): [string, string] {
  const found = /^(\d+):(.*)$/s.exec(version);
  return found ? [found[1] ?? '', found[2] ?? ''] : ['0', version];
}

function exactPackage(name: string, epoch: unknown, version: string, arch: unknown, fail: Fail): Package {
  const evr = /^([\w.+~^]+)-([\w.+~^]+)$/.exec(version);
  const number = typeof epoch === 'number' || (typeof epoch === 'string' && /^\d{1,10}$/.test(epoch)) ? Number(epoch) : NaN;
  if (!isPackageName(name) || !evr || !Number.isSafeInteger(number) || number < 0 || typeof arch !== 'string' || !/^\w+$/.test(arch))
    throw fail(`name, version or architecture of the package “${name.slice(0, 100)}” makes no sense`);
  return { name, epoch: number, version: evr[1] ?? '', release: evr[2] ?? '', arch };
}
