// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import koffi from 'koffi';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CheckoutAtOptions } from '../../main/native/ostree/checkout.ts';
import { bytesReceivedAt, optionTcpInfo, protocolTcp } from '../../main/native/linux/tcp-traffic.ts';
import { DeployTreeOpts, RepoPruneOptions, WriteDeploymentsOpts } from '../../main/native/ostree/index.ts';

/**
 * Every struct that main/native lays out by hand against the headers installed here: a C program prints what the compiler makes of them.
 * Left out on purpose: fields that only fill up (`hole`).
 */
const structs: readonly { readonly c: string; readonly ours: Parameters<typeof koffi.sizeof>[0] }[] = [
  { c: 'OstreeSysrootWriteDeploymentsOpts', ours: WriteDeploymentsOpts },
  { c: 'OstreeSysrootDeployTreeOpts', ours: DeployTreeOpts },
  { c: 'OstreeRepoPruneOptions', ours: RepoPruneOptions },
  { c: 'OstreeRepoCheckoutAtOptions', ours: CheckoutAtOptions },
];

/** Numbers that main/native repeats from the headers. */
const constants: Readonly<Record<string, number>> = {
  OSTREE_REPO_PULL_FLAGS_COMMIT_ONLY: 2,
  OSTREE_REPO_PULL_FLAGS_UNTRUSTED: 4,
  OSTREE_REPO_PULL_FLAGS_TRUSTED_HTTP: 16,
  OSTREE_REPO_PRUNE_FLAGS_NO_PRUNE: 1,
  OSTREE_REPO_PRUNE_FLAGS_REFS_ONLY: 2,
  OSTREE_STATIC_DELTA_GENERATE_OPT_MAJOR: 1,
  OSTREE_SYSROOT_SIMPLE_WRITE_DEPLOYMENT_FLAGS_RETAIN_PENDING: 8,
  OSTREE_SYSROOT_SIMPLE_WRITE_DEPLOYMENT_FLAGS_RETAIN_ROLLBACK: 16,
  OSTREE_REPO_REMOTE_CHANGE_ADD: 0,
  OSTREE_REPO_REMOTE_CHANGE_DELETE_IF_EXISTS: 3,
  OSTREE_REPO_REMOTE_CHANGE_REPLACE: 4,
  OSTREE_OBJECT_TYPE_FILE: 1,
  OSTREE_OBJECT_TYPE_DIR_TREE: 2,
  OSTREE_OBJECT_TYPE_DIR_META: 3,
  OSTREE_OBJECT_TYPE_COMMIT: 4,
  OSTREE_REPO_CHECKOUT_MODE_USER: 1,
  OSTREE_REPO_CHECKOUT_OVERWRITE_UNION_FILES: 1,
  OSTREE_REPO_COMMIT_MODIFIER_FLAGS_SKIP_XATTRS: 1,
  OSTREE_REPO_COMMIT_MODIFIER_FLAGS_ERROR_ON_UNLABELED: 8,
  OSTREE_REPO_MODE_BARE: 0,
  OSTREE_REPO_MODE_ARCHIVE: 1,
  OSTREE_REPO_MODE_BARE_USER: 2,
  OSTREE_REPO_MODE_BARE_USER_ONLY: 3,
  OSTREE_DEPLOYMENT_UNLOCKED_NONE: 0,
  OSTREE_DEPLOYMENT_UNLOCKED_DEVELOPMENT: 1,
  OSTREE_DEPLOYMENT_UNLOCKED_HOTFIX: 2,
  OSTREE_DEPLOYMENT_UNLOCKED_TRANSIENT: 3,
  OSTREE_GPG_ERROR_NO_SIGNATURE: 0,
  OSTREE_GPG_ERROR_MISSING_KEY: 2,
  OSTREE_GPG_ERROR_EXPIRED_KEY: 4,
  OSTREE_GPG_SIGNATURE_ATTR_FINGERPRINT: 5,
  OSTREE_GPG_SIGNATURE_ATTR_FINGERPRINT_PRIMARY: 12,
  'offsetof(struct tcp_info, tcpi_bytes_received)': bytesReceivedAt,
  IPPROTO_TCP: protocolTcp,
  TCP_INFO: optionTcpInfo,
  G_IO_ERROR_NO_SPACE: 12,
  G_IO_ERROR_HOST_NOT_FOUND: 28,
  G_IO_ERROR_CONNECTION_REFUSED: 39,
  G_IO_ERROR_CONNECTION_CLOSED: 44,
};

interface Member {
  readonly name: string;
  readonly offset: number;
}

function members(type: (typeof structs)[number]['ours']): Member[] {
  const { members } = koffi.type(type) as unknown as { members: Record<string, Member> };
  return Object.values(members).filter(({ name }) => name !== 'hole');
}

let dir: string;
let facts: Record<string, number>;

beforeAll(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'treeline-abi-'));
  const lines = [
    ...structs.flatMap(({ c, ours }) => [
      `printf("%s %zu\\n", "sizeof ${c}", sizeof(${c}));`,
      ...members(ours).map(({ name }) => `printf("%s %zu\\n", "${c}.${name}", offsetof(${c}, ${name}));`),
    ]),
    ...Object.keys(constants).map((name) => `printf("%s %d\\n", "${name}", (int) ${name});`),
  ];
  const source = path.join(dir, 'abi.c');
  writeFileSync(
    source,
    `#include <linux/tcp.h>\n#include <netinet/in.h>\n#include <ostree.h>\n#include <stddef.h>\n#include <stdio.h>\nint main(void) {\n${lines.join('\n')}\nreturn 0; }\n`,
  );
  const flags = execFileSync('pkg-config', ['--cflags', 'ostree-1', 'gio-2.0'], { encoding: 'utf8' }).trim().split(/\s+/);
  execFileSync('cc', ['-o', path.join(dir, 'abi'), source, ...flags]);
  const output = execFileSync(path.join(dir, 'abi'), { encoding: 'utf8' });
  facts = Object.fromEntries(
    output
      .trim()
      .split('\n')
      .map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  );
});

afterAll(() => rmSync(dir, { recursive: true }));

test.each(structs)('$c has the size and offsets that the headers give it', ({ c, ours }) => {
  expect(koffi.sizeof(ours)).toBe(facts[`sizeof ${c}`]);
  const list = members(ours);
  expect(list.length).toBeGreaterThan(1);
  for (const { name, offset } of list) expect([name, offset]).toEqual([name, facts[`${c}.${name}`]]);
});

test('constants are those of the headers', () => {
  expect(Object.fromEntries(Object.keys(constants).map((name) => [name, facts[name]]))).toEqual(constants);
});
