// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { expect } from 'vitest';
import { TreelineError, type ErrorReport } from '../../shared/errors/index.ts';
import { runJob, type ComposeOutcome, type ComposeParams, type JobEvent } from '../../main/engine/jobs/index.ts';
import { createRepo, makeRpms, type RpmSource } from '../fixtures/make-rpm.ts';

const top = fileURLToPath(new URL('../..', import.meta.url));

/** On tmpfs where there is one: compose tests write many small files and need no durability. */
const base = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** A place with a package repository, a treefile, a cache and an archive repository to compose into. */
export class ComposeFixture {
  readonly directory: string;
  readonly packages: string;
  readonly repo: string;
  readonly cachedir: string;
  readonly messages: string[] = [];
  readonly fractions: number[] = [];

  constructor() {
    this.directory = mkdtempSync(path.join(base, 'treeline-compose-'));
    this.packages = path.join(this.directory, 'packages');
    this.repo = path.join(this.directory, 'repo');
    this.cachedir = path.join(this.directory, 'cache');
    mkdirSync(this.packages);
    execFileSync('ostree', [`--repo=${this.repo}`, 'init', '--mode=archive']);
    this.repoFile('test', `baseurl=file://${this.packages}\ngpgcheck=0\n`);
  }

  dispose(): void {
    rmSync(this.directory, { recursive: true, force: true });
    rmSync(bundleDirectory, { recursive: true, force: true });
    built = undefined;
  }

  /** Build packages into the repository and index it. */
  add(...sources: RpmSource[]): string[] {
    const files = makeRpms(this.packages, sources);
    createRepo(this.packages);
    return files;
  }

  repoFile(id: string, options: string): void {
    writeFileSync(path.join(this.directory, `${id}.repo`), `[${id}]\n${options}`);
  }

  /** Write a treefile: the given lines after those every one has. */
  treefile(text: string, name = 'tree.yaml'): string {
    const at = path.join(this.directory, name);
    const defaults = [
      ['ref', 'ref: test/x86_64/base'],
      ['repos', 'repos: [test]'],
      ['selinux', 'selinux: false'],
      ['container', 'container: true'],
    ].flatMap(([key, line]) => (new RegExp(`^${key}:`, 'm').test(text) ? [] : [line]));
    writeFileSync(at, `${text.trim()}\n${defaults.join('\n')}\n`);
    return at;
  }

  /** `during` is called with each event. */
  async compose(treefile: string, more: Partial<ComposeParams> = {}, during?: (event: JobEvent) => void): Promise<ComposeOutcome> {
    this.messages.length = 0;
    this.fractions.length = 0;
    const onEvent = (event: JobEvent): void => {
      if (event.type === 'message') this.messages.push(event.text);
      if (event.type === 'progress') this.fractions.push(event.progress.fraction);
      during?.(event);
    };
    const { worker } = await bundles();
    return runJob('compose.tree', { treefile, repo: this.repo, cachedir: this.cachedir, ...more }, { worker, onEvent }).done;
  }

  /** The error of a compose that must fail; afterwards the repository must be as it was and pass fsck. */
  async failure(treefile: string, more: Partial<ComposeParams> = {}): Promise<ErrorReport> {
    const before = this.refs();
    let report: ErrorReport | undefined;
    try {
      await this.compose(treefile, more);
    } catch (error) {
      if (!(error instanceof TreelineError)) throw error;
      report = error.report;
    }
    if (!report) throw new Error('the compose succeeded');
    if (this.refs() !== before) throw new Error('a failed compose moved a ref');
    this.fsck();
    return report;
  }

  refs(): string {
    return this.ostree('refs')
      .split('\n')
      .filter((ref) => ref !== '')
      .map((ref) => `${ref} ${this.ostree('rev-parse', ref)}`)
      .sort()
      .join('\n');
  }

  ostree(...args: string[]): string {
    return execFileSync('ostree', [`--repo=${this.repo}`, ...args], { encoding: 'utf8' }).trim();
  }

  fsck(repo = this.repo): void {
    execFileSync('ostree', [`--repo=${repo}`, 'fsck', '--quiet'], { stdio: ['ignore', 'pipe', 'pipe'] });
  }

  /** path -> `mode uid gid size [-> target]` of everything in a commit, as `ostree ls` says. */
  list(revision = 'test/x86_64/base'): Map<string, string> {
    return parseListing(this.ostree('ls', '-R', revision));
  }

  cat(file: string, revision = 'test/x86_64/base'): string {
    return execFileSync('ostree', [`--repo=${this.repo}`, 'cat', revision, file], { encoding: 'utf8' });
  }
}

export function parseListing(text: string): Map<string, string> {
  return new Map(
    text.split('\n').flatMap((line) => {
      const m = /^(\S+)\s+(\d+)\s+(\d+)\s+(\d+)\s+(\/.*?)(?: -> (.*))?$/.exec(line);
      return m
        ? [[m[5] ?? '', `${m[1]} ${m[2]} ${m[3]}${m[1]?.startsWith('-') ? ` ${m[4]}` : ''}${m[6] === undefined ? '' : ` -> ${m[6]}`}`]]
        : [];
    }),
  );
}

/** Inside the checkout, so that koffi is found. */
const bundleDirectory = path.join(top, '.cache', `compose-test-${process.pid}`);
let built: Promise<{ worker: string; cli: string }> | undefined;

/** This checkout's worker and command line, bundled as the build does it. */
export function bundles(): Promise<{ worker: string; cli: string }> {
  built ??= (async () => {
    const out = bundleDirectory;
    const options = {
      bundle: true,
      platform: 'node' as const,
      target: 'node20',
      format: 'esm' as const,
      external: ['koffi', 'electron', 'usocket', 'x11'],
      banner: { js: "import { createRequire as treelineRequire } from 'node:module'; const require = treelineRequire(import.meta.url);" },
      sourcemap: true,
      logLevel: 'error' as const,
    };
    const worker = path.join(out, 'worker/worker.mjs');
    const cli = path.join(out, 'cli/treeline.mjs');
    await build({ ...options, entryPoints: [path.join(top, 'main/worker/entry.ts')], outfile: worker });
    await build({ ...options, entryPoints: [path.join(top, 'main/cli/entry.ts')], outfile: cli });
    return { worker, cli };
  })();
  return built;
}

export async function treeline(...args: string[]): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const { cli } = await bundles();
  return spawnSync(process.execPath, [cli, ...args], { encoding: 'utf8' });
}

/** Standard output of a `treeline compose` command that must succeed. */
export async function composeOk(...args: string[]): Promise<string> {
  const result = await treeline('compose', ...args);
  expect(result.stderr.match(/^error.*/m)?.[0] ?? '').toBe('');
  expect(result.status).toBe(0);
  return result.stdout;
}

/** Standard error of one that must fail. */
export async function composeFails(...args: string[]): Promise<string> {
  const result = await treeline('compose', ...args);
  expect(result.status).toBe(1);
  return result.stderr;
}
