// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runJob } from '../../main/engine/jobs/index.ts';
import { filesystemPackage, shellPackage } from '../fixtures/shell-package.ts';
import { bundles, ComposeFixture } from './compose-fixture.ts';

// every kind of program that compose runs on a tree tries to get out of its sandbox: escape/attempts.c

let f: ComposeFixture;
let scratch: string;
let program: Buffer;
/** What the program is told: everything of the machine that it looks for. */
let given: string;
const servers: Server[] = [];

const names = [...readFileSync(fileURLToPath(new URL('escape/attempts.c', import.meta.url)), 'utf8').matchAll(/\{"([\w-]+)", \w+\}/g)].map(
  (m) => m[1] ?? '',
);

async function listen(where: string | number): Promise<Server> {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) =>
    typeof where === 'number' ? server.listen(where, '127.0.0.1', resolve) : server.listen(where, resolve),
  );
  servers.push(server);
  return server;
}

beforeAll(async () => {
  f = new ComposeFixture();
  scratch = path.join(f.directory, 'scratch');
  mkdirSync(scratch);
  // an ordinary user composes there, too
  for (const directory of [f.directory, f.packages]) chmodSync(directory, 0o755);
  const at = path.join(scratch, 'attempts');
  execFileSync('gcc', ['-static', '-O1', '-o', at, fileURLToPath(new URL('escape/attempts.c', import.meta.url))]);
  program = readFileSync(at);
  const secret = path.join(scratch, 'secret');
  writeFileSync(secret, 'SECRET', { mode: 0o644 });
  const socket = path.join(scratch, 'socket');
  await listen(socket);
  chmodSync(socket, 0o777);
  const abstract = `treeline-escape-${process.pid}`;
  await listen(`\0${abstract}`);
  const { port } = (await listen(0)).address() as AddressInfo;
  const { dev } = statSync('/');
  given = [secret, socket, abstract, port, `${(dev >> 8) & 0xfff}:${dev & 0xff}`].join(' ');
  f.add(filesystemPackage, shellPackage(), ...packages());
});

afterAll(() => {
  for (const server of servers) server.close();
  f.dispose();
});

const command = (label: string): string => `/usr/bin/attempts /usr/share/escape/${label} ${given}`;
const runs = (label: string): string => `cd /tmp; ${command(label)}`;

/** One package for each way in which a program of a tree is run. */
function packages(): Parameters<ComposeFixture['add']> {
  const tags = ['Requires: testshell', 'Requires: attempts', 'AutoReqProv: no'];
  const one = (name: string, scripts: Record<string, string>, files = {}): Parameters<ComposeFixture['add']>[0] => ({
    name,
    tags,
    files: { [`/usr/share/by/${name}`]: 'x', ...files },
    scripts,
  });
  const execute = 'local words = {} for word in ("COMMAND"):gmatch("%%S+") do words[#words + 1] = word end';
  return [
    {
      name: 'attempts',
      arch: 'x86_64',
      tags: ['AutoReqProv: no'],
      files: {
        '/usr/bin/attempts': { content: program, mode: '4755' },
        '/usr/share/escape': { dir: true },
        '/usr/lib/modules/6.1/vmlinuz': 'kernel',
        '/usr/lib/modules/6.1/kernel/x.ko': 'module',
        // the real one runs a package's shell code, too: each module's setup
        '/usr/bin/dracut': {
          content: '#!/bin/sh\nfor m in /usr/lib/dracut/modules.d/*/module-setup.sh; do . $m; done\nfor last; do :; done\ntouch $last\n',
          mode: '0755',
        },
        '/usr/lib/dracut/modules.d/50evil/module-setup.sh': `${runs('dracut')}\n`,
        '/usr/sbin/depmod': { content: `#!/bin/sh\n${runs('depmod')}\n`, mode: '0755' },
        '/usr/bin/systemd-sysusers': { content: `#!/bin/sh\n${runs('sysusers')}\n`, mode: '0755' },
        '/usr/lib/sysusers.d/evil.conf': 'u ../../evil 700 "%%(id)" /../../ /usr/bin/attempts\n',
      },
    },
    one('shell', { pre: 'systemd-sysusers', post: runs('post'), posttrans: runs('posttrans') }),
    one('lua', { 'post -p <lua>': `os.execute("${runs('lua-execute')}")` }),
    one('lua-child', {
      'posttrans -p <lua>': `${execute.replace('COMMAND', command('lua-exec'))}\nposix.chdir('/tmp')
if posix.fork() == 0 then posix.exec(table.unpack(words)) else posix.wait() end`,
    }),
    one('lua-itself', {
      'post -p <lua>': `local out = io.open("/usr/share/escape/lua-itself", "w")
for _, name in ipairs({"${given.split(' ')[0]}", "/proc/1/root${given.split(' ')[0]}", "/proc/self/root/../..${given.split(' ')[0]}", "/etc/shadow", "/root/.profile"}) do
  out:write(name, " ", io.open(name) and "out" or "in", "\\n")
end
for _, name in ipairs({"/proc/self/mem", "/run/treeline/node", "/proc/sys/kernel/core_pattern"}) do
  out:write(name, " ", io.open(name, "r+b") and "out" or "in", "\\n")
end
out:close()`,
    }),
    one('trigger', { 'triggerin -- attempts': runs('trigger') }),
    one('file-trigger', { 'filetriggerin -- /usr/share/by': runs('file-trigger') }),
    one('transaction-trigger', { 'transfiletriggerin -- /usr/share/by': runs('transaction-trigger') }),
    one('macro', { 'post -e': `%%(${runs('macro')})` }),
    one('lua-macro', { 'post -e': `%%{lua: os.execute("${runs('lua-macro')}")}` }),
  ];
}

const labels = [
  'sysusers',
  'post',
  'posttrans',
  'lua-execute',
  'lua-exec',
  'trigger',
  'file-trigger',
  'transaction-trigger',
  'macro',
  'lua-macro',
  'depmod',
  'dracut',
  'postprocess',
];
const treefile = (): string =>
  f.treefile(
    `packages: [shell, lua, lua-child, lua-itself, trigger, file-trigger, transaction-trigger, macro, lua-macro]\ncontainer: false\nref: test/x86_64/escape\npostprocess:\n  - |\n    #!/bin/sh\n    ${runs('postprocess')}\n`,
  );

const outcome = (text: string): Record<string, string> =>
  Object.fromEntries(
    text
      .trim()
      .split('\n')
      .map((line) => [line.split(' ')[0] ?? '', line.split(' ')[1]?.replace(':', '') ?? '']),
  );
const allInside = Object.fromEntries(names.map((name) => [name, 'in']));

/** Attempts which no ordinary process of this kernel has success with: a terminal, or what isn't built into every kernel. */
const notEverywhere = [
  'terminal',
  'sysrq',
  'crypto-socket',
  'vsock',
  'device-node',
  'other-convention',
  'io-uring',
  'userfaultfd',
  'perf',
  'bpf',
  'keyctl',
];

/** A caller that leaves a descriptor on a directory of the machine to what it starts; above those that Node closes of its own accord. */
const careless = (): [string, ...string[]] => ['bash', '-c', 'exec 200<"$0"; exec "$@"', scratch];

test('outside of a sandbox the attempts succeed', () => {
  const out = path.join(scratch, 'control');
  const work = path.join(scratch, 'work');
  mkdirSync(work);
  const script = 'mount -t tmpfs none "$1" && cp "$2" "$1" && chmod 4755 "$1/attempts" && cd "$1" && shift 2 && ./attempts "$@"; :';
  const words = [work, path.join(scratch, 'attempts'), out, ...given.split(' ')];
  const [program, ...before] = careless();
  const apart = ['unshare', '--mount', '--pid', '--ipc', '--uts', '--fork', '--mount-proc'];
  execFileSync(program, [...before, ...apart, 'sh', '-c', script, 'sh', ...words], {
    env: { ...process.env, ESCAPE_SECRET: '1' },
    stdio: 'ignore',
    timeout: 60_000,
  });
  const result = outcome(readFileSync(out, 'utf8'));
  expect(Object.keys(result)).toEqual(names);
  const failed = names.filter((name) => result[name] !== 'out' && !notEverywhere.includes(name));
  expect(failed).toEqual([]);
});

describe.each([
  ['root', [] as string[]],
  [
    'an ordinary user, root of a user namespace',
    ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', 'unshare', '--user', '--map-root-user'],
  ],
])('composed by %s', (who, before) => {
  let repo: string;

  beforeAll(async () => {
    const { worker } = await bundles();
    const place = path.join(f.directory, `by-${before.length}`);
    repo = path.join(place, 'repo');
    mkdirSync(path.join(place, 'cache'), { recursive: true });
    execFileSync('ostree', [`--repo=${repo}`, 'init', '--mode=archive']);
    if (before.length > 0) execFileSync('chown', ['-R', '65534:65534', place]);
    await runJob(
      'compose.tree',
      { treefile: treefile(), repo, cachedir: path.join(place, 'cache') },
      { worker, node: [...careless(), ...before, process.execPath], env: { ESCAPE_SECRET: '1', HOME: place } },
    ).done;
  });

  const cat = (label: string): string =>
    execFileSync('ostree', [`--repo=${repo}`, 'cat', 'test/x86_64/escape', `/usr/share/escape/${label}`], { encoding: 'utf8' });

  test.each(labels)('%s stays inside', (label) => {
    expect(outcome(cat(label))).toEqual(allInside);
  });

  test('a lua script finds nothing of the machine, and can’t change its interpreter', () => {
    const result = cat('lua-itself');
    expect(result.trim().split('\n')).toHaveLength(8);
    expect(result).not.toContain(' out');
  });

  test(`the machine is as it was (${who})`, () => {
    expect(readFileSync(path.join(scratch, 'secret'), 'utf8')).toBe('SECRET');
  });
});
