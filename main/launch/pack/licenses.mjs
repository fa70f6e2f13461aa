// SPDX-License-Identifier: LGPL-2.1-or-later
// The licence of Treeline, and those of the libraries that are bundled into its files: they ask for their text to come along.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../setup.mjs';
import { addSbom } from './sbom.mjs';

/**
 * The licences, and the bill of materials that lists the same libraries.
 * @param {import('./staging.mjs').Staging} staging
 * @param {string} name of the package
 * @param {string[] | 'dependencies'} bundles folders with bundles that it holds, or all that package.json names (the window's bundle has no source map)
 * @param {ReturnType<import('./metadata.mjs').packageMetadata>} metadata
 * @param {{ modules?: readonly string[], runtimes?: readonly { name: string, version: string }[] }} more what lies beside the bundles
 */
export function addLicenses(staging, name, bundles, metadata, { modules = [], runtimes = [] } = {}) {
  const licenses = `/usr/share/licenses/${name}`;
  const own = readFileSync(path.join(root, 'LICENSE'), 'utf8');
  const names = [...new Set([...(bundles === 'dependencies' ? allDependencies() : bundledPackages(bundles)), ...modules])].sort();
  const others = names.map(licenseText);
  addSbom(staging, name, names, metadata, runtimes);
  staging.write(`${licenses}/LICENSE`, own);
  staging.write(`${licenses}/LICENSES.bundled`, others.join('\n'));
}

/** npm packages of which something ended up in the bundles, by their source maps. */
function bundledPackages(folders) {
  const names = new Set();
  for (const folder of folders) {
    for (const file of readdirSync(folder).filter((each) => each.endsWith('.map'))) {
      for (const source of JSON.parse(readFileSync(path.join(folder, file), 'utf8')).sources) {
        const inside = source.split('node_modules/').at(-1);
        if (inside === source) continue;
        const [first, second] = inside.split('/');
        names.add(first.startsWith('@') ? `${first}/${second}` : first);
      }
    }
  }
  return [...names].sort();
}

function allDependencies() {
  const of = (file) => Object.keys(JSON.parse(readFileSync(file, 'utf8')).dependencies ?? {});
  const names = new Set(of(path.join(root, 'package.json')));
  // a set goes on to what is added while it is walked
  for (const name of names) {
    const file = path.join(root, 'node_modules', name, 'package.json');
    if (existsSync(file)) of(file).forEach((each) => names.add(each));
  }
  return [...names].filter((name) => existsSync(path.join(root, 'node_modules', name, 'package.json'))).sort();
}

function licenseText(name) {
  const folder = path.join(root, 'node_modules', name);
  const { version, license } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  const file = readdirSync(folder).find((each) => /^(licen[cs]e|copying)/i.test(each) && existsSync(path.join(folder, each)));
  const text = file ? readFileSync(path.join(folder, file), 'utf8').trim() : 'no licence file in the package';
  return `${'='.repeat(78)}\n${name} ${version}: ${license ?? 'see below'}\n${'='.repeat(78)}\n${text}\n`;
}
