// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Command, Option } from 'commander';
import { afterEach, expect, test, vi } from 'vitest';
import { buildProgram } from '../../../main/cli/program.ts';
import { standardError } from '../../../main/cli/output/terminal.ts';

/** Commands of rpm-ostree 2026.2 beside `compose` and their options: `=` takes a value. */
const surface = `
status -v --verbose -a --advisories --json -J= --jsonpath= -b --booted --pending-exit-77
upgrade -r --reboot --allow-downgrade --preview --check -C --cache-only --download-only --unchanged-exit-77 --lock-finalization --bypass-driver --check-diff --upgrade-unchanged-exit-77 --trigger-automatic-update-policy --install= --uninstall=
update
rebase -b= --branch= -m= --remote= -r --reboot --skip-purge -C --cache-only --download-only --custom-origin-description= --custom-origin-url= --experimental --disallow-downgrade --lock-finalization --bypass-driver --install= --uninstall=
deploy -r --reboot --preview -C --cache-only --download-only --skip-branch-check --lock-finalization --disallow-downgrade --unchanged-exit-77 --register-driver= --bypass-driver --ex-cliwrap= --install= --uninstall=
rollback -r --reboot
install -r --reboot -n --dry-run -y --assumeyes --allow-inactive --idempotent --unchanged-exit-77 --lock-finalization --enablerepo= --disablerepo= --releasever= --uninstall= -C --cache-only --download-only -A --apply-live --force-replacefiles
uninstall -r --reboot -n --dry-run -y --assumeyes --allow-inactive --idempotent --unchanged-exit-77 --lock-finalization --enablerepo= --disablerepo= --releasever= --install= --all
pkg-add
pkg-remove
remove
search
override replace -r --reboot -n --dry-run --lock-finalization -C --cache-only --remove= --experimental --freeze --from=
override remove -r --reboot -n --dry-run --lock-finalization -C --cache-only --replace=
override reset -r --reboot -n --dry-run --lock-finalization -C --cache-only -a --all --install= --uninstall=
reset -r --reboot -l --overlays -o --overrides -i --initramfs --lock-finalization --install= --uninstall=
kargs --deploy-index= --reboot --append= --replace= --delete= --append-if-missing= --delete-if-present= --unchanged-exit-77 --import-proc-cmdline --editor --lock-finalization
initramfs --enable --arg= --disable -r --reboot --lock-finalization
initramfs-etc --track= --untrack= --untrack-all --force-sync -r --reboot --lock-finalization --unchanged-exit-77
cleanup -b --base -p --pending -r --rollback -m --repomd
refresh-md -f --force
makecache
apply-live --target= --reset --allow-replacement
usroverlay
unlock
cancel
reload
finalize-deployment --allow-missing-checksum --allow-unlocked
db list -r= --repo= -a --advisories
db diff -r= --repo= -F= --format= -c --changelogs --sysroot= --base -a --advisories
db version -r= --repo=
ex livefs
ex apply-live
ex history -v --verbose --json -n= --limit= --all --deployments --no-pager
ex initramfs-etc
ex deploy-from-self --reboot
ex rebuild
start-daemon -d --debug --sysroot= --dbus-peer=
countme
cliwrap
kernel-install
fix-shadow-perms
scriptlet-intercept
shlib-backend get-basearch
shlib-backend varsubst-basearch
shlib-backend packagelist-from-commit`
  .trim()
  .split('\n')
  .map((line) => line.split(' '));

function find(program: Command, words: readonly string[]): Command | undefined {
  const [word, ...rest] = words;
  if (word === undefined) return program;
  const next = program.commands.find((each) => each.name() === word || each.aliases().includes(word));
  return next && find(next, rest);
}

test('every command of rpm-ostree is one of ours, with all of its options', async () => {
  const program = await buildProgram();
  for (const row of surface) {
    const words = row.filter((word) => !word.startsWith('-'));
    const command = find(program, words);
    expect.soft(command, words.join(' ')).toBeDefined();
    const options: readonly Option[] = [...(command?.options ?? []), ...program.options];
    for (const wanted of row.filter((word) => word.startsWith('-'))) {
      const [name, value] = wanted.split('=');
      const option = options.find(({ short, long }) => short === name || long === name);
      expect.soft(option && Boolean(option.required), `${words.join(' ')} ${wanted}`).toBe(value !== undefined);
    }
  }
  for (const name of ['--version', '--quiet', '--sysroot', '--peer', '--stateroot', '--os']) {
    expect.soft(program.options.map(({ long }) => long)).toContain(name);
  }
});

afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

test.each([
  [['override', 'replace', 'vim'], 'vim is no package file; a package of a repository is taken with --from=repo=ID'],
  [['override', 'replace', '--from=updates', 'vim'], '--from=updates: it is repo=ID'],
  [['install', '--force-replacefiles', 'vim'], '--force-replacefiles is for package files'],
  [['install', './absent.rpm'], './absent.rpm'],
  [['override', 'remove', 'vim', '--replace=emacs'], 'emacs is no package file'],
])('what a package file is: %j', async (words, told) => {
  const said = vi.spyOn(standardError, 'print').mockImplementation(() => undefined);
  await (await buildProgram()).parseAsync(['node', 'treeline', ...words]);
  expect(said.mock.calls.flat().join('\n')).toContain(told);
  expect(process.exitCode).not.toBe(0);
});

test.each([
  ['countme'],
  ['cliwrap', 'install-to-root', '/'],
  ['kernel-install', 'add'],
  ['scriptlet-intercept', 'x'],
  ['ex', 'deploy-from-self', '/run/host'],
  ['ex', 'rebuild', '--reboot'],
])(
  'what is left out on purpose says why, and what to do instead: %s %s',
  async (...words) => {
    const said = vi.spyOn(standardError, 'print').mockImplementation(() => undefined);
    const program = await buildProgram();
    await program.parseAsync(['node', 'treeline', ...words]);
    expect(said.mock.calls.flat().join('\n')).toMatch(/^error: Treeline leaves this out\. “[a-z -]+”: [a-z].+\. [A-Z].+\.$/);
    expect(process.exitCode).toBe(1);
  },
  60_000,
);
