// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { run } from './commands.ts';
import { notConverted, seed, type OsVersion } from './seed.ts';

/** A Debian package file. */
export interface DebFile {
  readonly name: string;
  readonly path: string;
}

/**
 * An apt of its own: nothing is installed in it, and neither the machine's lists nor its status are touched. It knows the machine's sources, so
 * whatever mirror the machine uses serves the test system as well.
 */
export class AptRoot {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
    for (const name of ['state/lists/partial', 'cache/archives/partial', 'preferences.d', 'apt.conf.d'])
      mkdirSync(path.join(directory, name), { recursive: true });
    writeFileSync(path.join(directory, 'status'), '');
  }

  get #archives(): string {
    return path.join(this.#directory, 'cache/archives');
  }

  async update(): Promise<void> {
    await this.#apt('apt-get', 'none', ['-q', 'update']);
  }

  /** Download what a version of the test system consists of; the files, those which are converted only. */
  async packagesOf(version: OsVersion): Promise<DebFile[]> {
    const pins = await this.#pins(version);
    const options = ['-q', '-y', '--no-install-recommends'];
    const plan = await this.#plan(pins);
    await this.#apt('apt-get', pins, [...options, '--download-only', 'install', ...seed]);
    return [...plan.matchAll(/^'[^']+' (\S+) \d+/gm)].flatMap(([, file = '']) => {
      const [name = ''] = file.split('_');
      const at = path.join(this.#archives, file);
      if (notConverted.has(name)) return [];
      if (!existsSync(at)) throw new Error(`apt-get did not leave ${file}`);
      return [{ name, path: at }];
    });
  }

  /** Unpack one package without what it depends on, which apt doesn't look at here. */
  async unpack(name: string, directory: string): Promise<void> {
    const file = (await this.#apt('apt-get', 'none', ['-q', '--print-uris', 'download', name])).match(/^'[^']+' (\S+) \d+/m)?.[1] ?? '';
    await this.#apt('apt-get', 'none', ['-q', 'download', name], this.#archives);
    await run('dpkg-deb', ['--extract', path.join(this.#archives, file), directory]);
  }

  /** 1: the oldest copy of everything that any suite still has; 2: the main suite; 3: the newest, security updates included. */
  async #pins(version: OsVersion): Promise<string> {
    const file = path.join(this.#directory, `preferences-${version}`);
    if (version === '3') writeFileSync(file, '');
    else if (version === '2') writeFileSync(file, await this.#mainSuitePins());
    else writeFileSync(file, await this.#oldestPins());
    return file;
  }

  async #mainSuitePins(): Promise<string> {
    const policy = await this.#apt('apt-cache', 'none', ['policy']);
    const names = [...policy.matchAll(/release .*?\bn=([\w-]+)/g)].map((m) => m[1] ?? '');
    const main = names.sort((a, b) => a.length - b.length)[0];
    if (main === undefined) throw new Error('apt knows no suites here');
    return `Package: *\nPin: release n=${main}\nPin-Priority: 1001\n`;
  }

  async #oldestPins(): Promise<string> {
    const plan = await this.#plan('none');
    const names = [...plan.matchAll(/^'[^']+' ([^_\s]+)_/gm)].map((m) => m[1] ?? '').filter((name) => !/^linux-image-\d/.test(name));
    const table = await this.#apt('apt-cache', 'none', ['madison', ...names]);
    const found = new Map<string, string[]>();
    for (const line of table.split('\n')) {
      const [name = '', version = ''] = line.split('|').map((part) => part.trim());
      if (version !== '') found.set(name, [...(found.get(name) ?? []), version]);
    }
    const pins: string[] = [];
    for (const [name, list] of found) {
      // madison lists the newest first
      const oldest = list.at(-1) ?? '';
      if (list.length > 1) pins.push(`Package: ${name}\nPin: version ${oldest}\nPin-Priority: 1001\n`);
    }
    return pins.join('\n');
  }

  /** Lines of 'URI' FILE SIZE HASH. apt leaves out what it finds downloaded: it looks into an empty folder here. */
  #plan(pins: string): Promise<string> {
    const nowhere = path.join(this.#directory, 'nothing');
    mkdirSync(path.join(nowhere, 'partial'), { recursive: true });
    const options = ['-q', '-y', '--no-install-recommends', '--print-uris', '-o', `Dir::Cache::archives=${nowhere}`];
    return this.#apt('apt-get', pins, [...options, 'install', ...seed]);
  }

  #apt(program: string, preferences: string, args: readonly string[], cwd?: string): Promise<string> {
    const config = path.join(this.#directory, `apt-${path.basename(preferences)}.conf`);
    const at = (name: string): string => path.join(this.#directory, name);
    const settings = {
      'Dir::State': at('state'),
      'Dir::State::status': at('status'),
      'Dir::Cache': at('cache'),
      'Dir::Cache::archives': this.#archives,
      'Dir::Etc::preferences': preferences === 'none' ? '/dev/null' : preferences,
      'Dir::Etc::preferencesparts': at('preferences.d'),
      'APT::Architecture': 'amd64',
      'APT::Sandbox::User': 'root',
      'APT::Keep-Downloaded-Packages': 'true',
      'Binary::apt::APT::Keep-Downloaded-Packages': 'true',
    };
    writeFileSync(
      config,
      Object.entries(settings)
        .map(([key, value]) => `${key} "${value}";\n`)
        .join(''),
    );
    return run(program, args, { env: { APT_CONFIG: config }, ...(cwd === undefined ? {} : { cwd }) });
  }
}
