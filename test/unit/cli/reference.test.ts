// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildProgram } from '../../../main/cli/program.ts';
import { allCommands, commandTree, type CommandEntry } from '../../../main/cli/reference/command-tree.ts';
import { referenceFiles } from '../../../main/cli/reference/index.ts';
import { listTreefileKeys } from '../../../main/engine/compose/build/index.ts';
import { helperHelp, helperOptions, readDaemonConfig } from '../../../main/helper/options.ts';

const system = path.resolve(import.meta.dirname, '../../../assets/system');
let folder = '';
let files: Record<string, string>;
let tree: CommandEntry;
const page = (name: string): string => Object.entries(files).find(([file]) => path.basename(file) === name)?.[1] ?? '';
/** As it reads on a screen: without font changes, escaped hyphens as hyphens. */
const plain = (roff: string): string => roff.replace(/\\f[A-Z]/g, '').replaceAll('\\-', '-');

beforeAll(async () => {
  files = await referenceFiles('2026-11-25');
  tree = commandTree(await buildProgram());
  folder = mkdtempSync('/tmp/treeline-reference-');
  for (const [file, text] of Object.entries(files)) writeFileSync(path.join(folder, path.basename(file)), text);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the manual of the command line', () => {
  it('has every command and every option, each explained', () => {
    const manual = plain(page('treeline.1'));
    for (const command of allCommands(tree)) {
      expect(manual).toContain(command.path);
      expect(command.about, command.path).not.toBe('');
      for (const option of command.options.filter((each) => !each.hidden)) {
        for (const name of option.names) expect(manual, `${command.path} ${name}`).toContain(name);
        expect(option.about, `${command.path} ${option.flags}`).not.toBe('');
      }
    }
  });

  it.each(['treeline.1', 'treeline-treefile.5'])('%s is right for groff', (name) => {
    const { stderr, status } = spawnSync('groff', ['-man', '-ww', '-Tutf8', '-z', path.join(folder, name)], { encoding: 'utf8' });
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  });
});

it('the manual of treefiles has every key', () => {
  const manual = plain(page('treeline-treefile.5'));
  for (const { name } of listTreefileKeys()) expect(manual).toContain(`.TP\n${name}\n`);
});

describe('the manual of the service', () => {
  const manual = plain(readFileSync(path.join(system, 'treelined.8'), 'utf8'));

  it('has the options that the service takes, and no others', () => {
    const named = [...manual.matchAll(/^--([a-z-]+)/gm)].map(([, name]) => name ?? '');
    const withoutValue = ['simulated'];
    for (const name of named) {
      const word = withoutValue.includes(name) ? `--${name}` : `--${name}=1`;
      expect(() => helperOptions([word]), word).not.toThrow();
    }
    const source = readFileSync(path.resolve(import.meta.dirname, '../../../main/helper/options.ts'), 'utf8');
    const taken = [...source.matchAll(/^ {8}'?([a-z-]+)'?: \{ type: '/gm)].map(([, name]) => name);
    expect([...named].sort()).toEqual([...taken].sort());
    expect([...helperHelp.matchAll(/^ +--([a-z-]+)/gm)].map(([, name]) => name).sort()).toEqual([...taken].sort());
  });

  it('has the keys of the configuration that is delivered, with their defaults', () => {
    const delivered = readFileSync(path.join(system, 'treelined.conf'), 'utf8');
    const keys = [...delivered.matchAll(/^#(\w+)=/gm)].map(([, key]) => key ?? '');
    expect(keys.length).toBeGreaterThan(2);
    for (const key of keys) expect(manual).toMatch(new RegExp(`^\\.B ${key}$`, 'm'));
    const enabled = path.join(folder, 'treelined.conf');
    writeFileSync(enabled, delivered.replace(/^#(?=\w+=)/gm, ''));
    const said: string[] = [];
    expect(readDaemonConfig([enabled], (line) => said.push(line))).toEqual(readDaemonConfig([], () => undefined));
  });
});

describe('completion', () => {
  const bash = (...words: string[]): string[] => {
    const quoted = words.map((word) => `'${word}'`).join(' ');
    const script = `source ${folder}/treeline; COMP_WORDS=(treeline ${quoted}); COMP_CWORD=${words.length}; _treeline; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return execFileSync('bash', ['-c', script], { encoding: 'utf8' }).trim().split('\n');
  };
  const fish = (line: string): string[] =>
    execFileSync('fish', ['--no-config', '-c', `source ${folder}/treeline.fish; complete -C '${line}'`], { encoding: 'utf8' })
      .trim()
      .split('\n')
      .map((entry) => entry.split('\t')[0] ?? '');

  it('of bash knows commands, subcommands, options and values', () => {
    expect(bash('roll')).toEqual(['rollback']);
    expect(bash('db', 'di')).toEqual(['diff']);
    expect(bash('update', '--unch')).toEqual(['--unchanged-exit-77']);
    expect(bash('db', 'diff', '--format', '=', '')).toEqual(expect.arrayContaining(['block', 'diff', 'json']) as string[]);
    expect(bash('compose', 'tree', `${folder}/treeline-`)).toEqual([`${folder}/treeline-treefile.5`]);
  });

  it('of fish does as well', () => {
    expect(fish('treeline roll')).toEqual(['rollback']);
    // fish 4 finds it in the middle of words, too
    const options = fish('treeline update --unch');
    expect(options.filter((option) => option.startsWith('--unch'))).toEqual(['--unchanged-exit-77']);
    expect(options).not.toContain('--reboot');
    expect(fish('treeline db diff --format=')).toEqual(expect.arrayContaining(['--format=block', '--format=json']) as string[]);
  });

  it('of zsh does as well', () => {
    const script = [
      'zmodload zsh/zpty; export TERM=dumb; zpty z zsh -f -i',
      `zpty -w z 'PROMPT=; fpath=(${folder} $fpath); autoload -Uz compinit; compinit -u -D; unsetopt prompt_sp prompt_cr; echo REA""DY'`,
      "zpty -r -m z x '*READY*'",
      "zpty -w -n z $'treeline db diff --format=b\\t'",
      "zpty -r -m z x '*--format=block*' && print found",
      'zpty -d z',
    ].join('\n');
    expect(spawnSync('zsh', ['-f', '-c', script], { encoding: 'utf8', timeout: 20_000 }).stdout).toContain('found');
  });

  it.each([
    ['bash', '-n', 'treeline'],
    ['zsh', '-n', '_treeline'],
    ['fish', '-n', 'treeline.fish'],
  ])('%s reads its file', (shell, flag, name) => {
    expect(spawnSync(shell, [flag, path.join(folder, name)]).status).toBe(0);
  });
});
