// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import type { LayerOutcome } from '../../main/engine/base/ports/layers.ts';
import { makeLayer } from '../../main/engine/layering/layer.ts';
import { readRequests, type Requests } from '../../main/engine/layering/requests.ts';
import { resolve } from '../../main/native/dnf/index.ts';
import { interpreterNeeds } from '../../main/native/inside/needs.ts';
import { system } from '../../main/native/linux/index.ts';
import { tryLockFile } from '../../main/native/linux/lock.ts';
import { composeStore } from '../../main/native/ostree/compose-store.ts';
import { OstreeLayerStore } from '../../main/native/ostree/layer-store.ts';
import { rpm } from '../../main/native/rpm/index.ts';
import { bundles, type ComposeFixture } from './compose-fixture.ts';

interface LayerOptions {
  readonly users?: { readonly passwd: string; readonly group: string };
  /** Directories of further package repositories. */
  readonly more?: readonly string[];
  /** The commit that the packages come onto, if it isn't the base. */
  readonly onto?: string;
}

export interface Made extends LayerOutcome {
  readonly messages: readonly string[];
}

/** A system's repository with a composed base in it, and the fixture's packages to put onto that: without a deployment, which takes longer. */
export class LayerFixture {
  readonly repo: string;
  readonly #f: ComposeFixture;
  readonly #base: string;

  constructor(f: ComposeFixture, base: string) {
    [this.#f, this.#base] = [f, base];
    this.repo = path.join(f.directory, 'system');
    this.ostree('init', '--mode=bare');
    this.ostree('pull-local', f.repo, base);
  }

  ostree(...args: string[]): string {
    return execFileSync('ostree', [`--repo=${this.repo}`, ...args], { encoding: 'utf8' });
  }

  async layer(packages: string[], { users = { passwd: '', group: '' }, more = [], onto = this.#base }: LayerOptions = {}): Promise<Made> {
    const { worker } = await bundles();
    const requests: Requests = { ...readRequests(''), packages };
    const messages: string[] = [];
    const repos = [this.#f.packages, ...more].map((directory) => ({
      ...{ id: path.basename(directory), name: 'test', baseurl: [`file://${directory}`], enabled: true, gpgcheck: false, gpgkey: [] },
      ...{ excludes: [], other: {}, file: 'test.repo', line: 1 },
    }));
    const made = await makeLayer(
      {
        ...{ repo: this.repo, base: onto, version: '', requests, users, newRequests: packages, allowInactive: true, releasever: '1' },
        ...{ recommends: true, repos, cachedir: path.join(this.#f.directory, 'layer-cache') },
      },
      {
        ...{ resolve, rpm, system, lock: tryLockFile, compose: composeStore, now: () => 1_700_000_000 },
        openStore: (at) => new OstreeLayerStore(at),
        interpreter: (place, scratch) => interpreterNeeds(worker, place, scratch),
      },
      {
        progress: () => undefined,
        message: (text) => void messages.push(text),
        task: (_text, run) => run(),
        uninterruptible: (run) => run(),
      },
    );
    return { ...made, messages };
  }
}

/** Path -> mode, owner, size, target of a link, and checksum of content and attributes (of a directory: of its attributes), of all that is in a commit. */
export function contentOf(repo: string, revision: string): Map<string, string> {
  const listed = execFileSync('ostree', [`--repo=${repo}`, 'ls', '-R', '-C', revision], { encoding: 'utf8', maxBuffer: 64 << 20 });
  return new Map(
    listed
      .trim()
      .split('\n')
      .map((line): [string, string] => {
        const [, kind, owner, size, checksum, name, target = ''] =
          /^(\S+) (\d+ \d+) +(\d+) (?:[0-9a-f]{64} )?([0-9a-f]{64}) (\/.*?)(?: -> (.*))?$/.exec(line) ?? [];
        if (name === undefined) throw new Error(`“${line}” isn’t what \`ostree ls\` was known to say`);
        return [name, `${kind} ${owner} ${size} ${checksum}${target === '' ? '' : ` -> ${target}`}`];
      }),
  );
}
