// SPDX-License-Identifier: LGPL-2.1-or-later
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import Ajv from 'ajv';
import { expect, test } from 'vitest';
import { jsonSchemas } from '../../main/engine/compose/build/index.ts';
import { refusedKeys, treefileKeys } from '../../main/engine/compose/treefile/treefile-keys.ts';
import { loadTreefile } from '../../main/engine/compose/treefile/treefile.ts';
import { documents } from '../../main/cli/reference/documents.ts';
import { dbusDocuments } from '../../shared/dbus/reference/documents.ts';
import { parse } from 'yaml';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Every key of a treefile that rpm-ostree 2026.2 knows, written out here so that none can be forgotten in both places. */
const keys =
  `edition ref metadata basearch variables repovars releasever rojig gpg-key gpg_key repos lockfile-repos repo-metadata advisories-metadata
include arch-include conditional-include packages packages-$arch repo-packages bootstrap-packages exclude-packages ostree-layers ostree-override-layers
platform-module recommends documentation install-langs container container-cmd selinux selinux-label-version ima ignore-devices sysusers boot-location
boot_location tmp-is-dir opt-usrlocal initramfs-args no-initramfs readonly-executables machineid-compat units default-target default_target cliwrap
cliwrap-binaries automatic-version-prefix automatic_version_prefix automatic-version-suffix mutate-os-release add-commit-metadata etc-group-members
preserve-passwd check-passwd check-groups ignore-removed-users ignore-removed-groups postprocess-script postprocess add-files remove-files
remove-from-packages rpmdb rpmdb-normalize base-refspec container-image-reference packages-local packages-local-fileoverride override-remove
ex-override-replace override-replace-local initramfs custom override-commit unconfigured-state`.split(/\s+/);

/** And every option of its compose commands. */
const options: Readonly<Record<string, string>> = {
  tree: `--repo --layer-repo --unified-core --ex-unified-core --force-nocache --cache-only --cachedir --source-root --download-only --download-only-rpms
    --proxy --dry-run --print-only --disable-selinux --touch-if-changed --previous-commit --previous-inputhash --previous-version --workdir --workdir-tmpfs
    --postprocess --ex-write-lockfile-to --ex-lockfile --ex-lockfile-strict --add-metadata-string --add-metadata-from-json --write-commitid-to
    --write-composejson-to --no-parent --parent`,
  install: `--repo --unified-core --layer-repo --force-nocache --cache-only --cachedir --source-root --download-only --download-only-rpms --proxy --dry-run
    --print-only --disable-selinux --touch-if-changed --previous-commit --previous-inputhash --previous-version --workdir --workdir-tmpfs --postprocess
    --ex-write-lockfile-to --ex-lockfile --ex-lockfile-strict`,
  postprocess: '',
  commit:
    '--repo --layer-repo --add-metadata-string --add-metadata-from-json --write-commitid-to --write-composejson-to --no-parent --parent',
  extensions: '--unified-core --repo --layer-repo --output-dir --base-rev --cachedir --rootfs --touch-if-changed',
  image: `--cachedir --source-root --authfile --layer-repo --initialize --initialize-mode --format --force-nocache --offline --write-lockfile-to --lockfile
    --lockfile-strict --label --image-config --touch-if-changed --copy-retry-times --max-layers`,
  rootfs: '--cachedir --source-root --source-root-rw --lockfile --ostree-repo',
  'build-chunked-oci': '--rootfs --from --bootc --format-version --label --sign-commit --max-layers --previous-build --reference --output',
  'container-encapsulate': `--repo --label --image-config --arch --copymeta --copymeta-opt --cmd --max-layers --format-version --write-contentmeta-json
    --compare-with-build --previous-build-manifest`,
};

const made: Readonly<Record<string, string>> = { ...(await documents()), ...dbusDocuments(root) };
const reference = made['docs/compose-reference.md'] ?? '';
/** Text from a heading to the next one of its level or above. */
const section = (heading: RegExp): string => {
  const lines = reference.split('\n');
  const from = lines.findIndex((line) => heading.test(line));
  const level = /^#+/.exec(lines[from] ?? '')?.[0].length ?? 0;
  const length = lines.slice(from + 1).findIndex((line) => (/^(#+) /.exec(line)?.[1]?.length ?? 9) <= level);
  return from < 0 ? '' : lines.slice(from, length < 0 ? undefined : from + 1 + length).join('\n');
};

test.each(Object.keys(made))('%s is what the code makes (else: npm run docs)', (name) => {
  expect(readFileSync(path.join(root, name), 'utf8')).toBe(made[name]);
});

test('the reference has every key, supported or refused with the reason', () => {
  const text = section(/^## Treefile keys/);
  for (const key of keys) expect(text, key).toContain(`\`${key}\``);
  for (const row of section(/^### Refused keys/)
    .split('\n')
    .filter((line) => line.startsWith('| `')))
    expect(row).toMatch(/^\| `[a-z-]+` \| .{20,} \|$/);
  const known = new Set([...Object.keys(treefileKeys), ...Object.keys(refusedKeys)]);
  expect(Object.keys(treefileKeys).filter((key) => !text.includes(`| \`${key}\` |`))).toEqual([]);
  expect(keys.filter((key) => !known.has(key) && !key.includes('_') && key !== 'packages-$arch')).toEqual([]);
});

test.each(Object.entries(options))('the reference has every option of compose %s, supported or refused with the reason', (name, list) => {
  const text = section(new RegExp(`^### compose ${name}\\b`));
  expect(text).not.toBe('');
  const rows = text.split('\n').filter((line) => line.startsWith('| `'));
  for (const option of list.split(/\s+/).filter(Boolean)) {
    const row = rows.find((line) =>
      line
        .split('`')[1]
        ?.split(/[\s,]+/)
        .includes(option),
    );
    expect(row, option).toMatch(/^\| `[^`]+` \| (supported|accepted, no effect|refused) \| .{4,} \|$/);
  }
});

test('every key is described, and every merge rule is one that the reference explains', () => {
  for (const [key, { about, merge }] of Object.entries(treefileKeys)) {
    expect(about, key).toMatch(/^\S.{10,}[.)]$/s);
    expect(['replace', 'append', 'map']).toContain(merge);
  }
});

const ajv = new Ajv({ allErrors: true, strict: false });
const validate = ajv.compile(jsonSchemas()['treefile.schema.json'] ?? {});

test.each([
  ['ref: a\nrepos: [r]\npackages: [p]\npackages-aarch64: [q]\nedition: 2024\nreleasever: 43\n', true],
  ['include: x.yaml\nconditional-include: [{if: a == 1, include: {packages: [x], units: [u]}}]\n', true],
  ['check-passwd: {type: data, entries: {a: 1, b: [1, 2]}}\nremove-from-packages: [[a, b]]\nadd-files: [[a, /etc/b]]\n', true],
  ['boot_location: new\nvariables: {a: 1, b: true, c: x}\nadd-commit-metadata: {x: {y: [1]}}\n', true],
  ['packges: [p]\n', false],
  ['units: x\n', false],
  ['boot-location: old\n', false],
  ['rojig: {}\n', false],
  ['conditional-include: [{if: a == 1, include: {unitz: [u]}}]\n', false],
  ['check-passwd: {type: file}\n', false],
  ['variables: {basearch: [1]}\n', false],
])('the JSON Schema judges %j as the reader does', (text, good) => {
  expect(validate(parse(text))).toBe(good);
  let read = true;
  try {
    // an include that isn't there is no question of the schema
    loadTreefile(
      path.join(root, 'x.yaml'),
      text.includes('include: x')
        ? 'ref: a\npackages: [p]'
        : `${text.includes('ref:') ? '' : 'ref: a\nrepos: [r]\npackages: [p]\n'}${text.replace('if: a == 1', 'if: basearch == "none"')}`,
    );
  } catch {
    read = false;
  }
  expect(read).toBe(good);
});

test('each member of ours on the bus is explained', () => {
  const page = made['docs/dbus.md'] ?? '';
  const ours = page.slice(page.indexOf('## org.treeline.Sysroot1'), page.indexOf('## org.projectatomic'));
  expect(ours.split('\n').filter((line) => line.includes('|  |'))).toEqual([]);
  expect(ours.match(/^\| `/gm)?.length).toBeGreaterThan(40);
});
