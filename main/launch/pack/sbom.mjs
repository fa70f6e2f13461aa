// SPDX-License-Identifier: LGPL-2.1-or-later
// What a package holds of other people's work, as a CycloneDX bill of materials (specification 1.6): for whoever asks "is that library in it, and which version?"
import { Enums, Models, Serialize, Spec } from '@cyclonedx/cyclonedx-library';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../setup.mjs';

/**
 * @param {import('./staging.mjs').Staging} staging
 * @param {string} name of the package
 * @param {readonly string[]} modules npm packages that are in it
 * @param {ReturnType<import('./metadata.mjs').packageMetadata>} metadata
 * @param {readonly { name: string, version: string }[]} runtimes what it carries besides: Electron
 */
export function addSbom(staging, name, modules, metadata, runtimes = []) {
  const bom = new Models.Bom();
  const { license, version, epochSeconds } = metadata;
  bom.metadata.timestamp = new Date(epochSeconds * 1000);
  bom.metadata.component = component(name, version, license, { type: Enums.ComponentType.Application });
  const lock = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8')).packages;
  for (const module of modules) {
    const own = JSON.parse(readFileSync(path.join(root, 'node_modules', module, 'package.json'), 'utf8'));
    bom.components.add(
      component(module, own.version, own.license, {
        purl: purl(module, own.version),
        integrity: lock[`node_modules/${module}`]?.integrity,
      }),
    );
  }
  for (const runtime of runtimes)
    bom.components.add(
      component(runtime.name, runtime.version, 'MIT', {
        type: Enums.ComponentType.Framework,
        purl: `pkg:github/electron/electron@v${runtime.version}`,
      }),
    );
  for (const each of bom.components) bom.metadata.component.dependencies.add(each.bomRef);
  const serializer = new Serialize.JsonSerializer(new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6));
  staging.write(`/usr/share/doc/${name}/sbom.cdx.json`, `${serializer.serialize(bom, { sortLists: true, space: 2 })}\n`);
}

/** https://github.com/package-url/purl-spec: the @ of a scope is escaped */
const purl = (module, version) => `pkg:npm/${module.replace('@', '%40')}@${version}`;

function component(name, version, license, { type = Enums.ComponentType.Library, purl, integrity }) {
  const made = new Models.Component(type, name, { version, bomRef: `${name}@${version}`, ...(purl ? { purl } : {}) });
  if (typeof license === 'string') made.licenses.add(licenseOf(license));
  // npm writes `sha512-BASE64`
  const [algorithm, digest] = integrity?.split('-', 2) ?? [];
  if (algorithm === 'sha512') made.hashes.set(Enums.HashAlgorithm['SHA-512'], Buffer.from(digest, 'base64').toString('hex'));
  return made;
}

const licenseOf = (text) => (/ (OR|AND|WITH) /.test(text) ? new Models.LicenseExpression(text) : new Models.SpdxLicense(text));
