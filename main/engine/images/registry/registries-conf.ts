// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { parse, TomlError } from 'smol-toml';
import * as z from 'zod';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { readRegularFile } from '../../../files/index.ts';
import { imageName, registryImageOf } from '../image-names.ts';
import type { RegistryImage } from '../registry-port.ts';
import type { RegistryPlaces } from './settings.ts';

/** The parts of containers-registries.conf(5) that say where an image is. */
const mirrorSchema = z.object({
  location: z.string().min(1),
  insecure: z.boolean().default(false),
  'pull-from-mirror': z.enum(['', 'all', 'digest-only', 'tag-only']).default('all'),
});
const registrySchema = z.object({
  prefix: z.string().default(''),
  location: z.string().default(''),
  insecure: z.boolean().default(false),
  blocked: z.boolean().default(false),
  'mirror-by-digest-only': z.boolean().default(false),
  mirror: z.array(mirrorSchema).default([]),
});
const fileSchema = z.object({
  registry: z.array(registrySchema).default([]),
  registries: z.never('the old form ([registries.…]) isn’t read: write [[registry]]').optional(),
});

type Registry = z.infer<typeof registrySchema> & { readonly file: string };

/** A place where an image can be asked for. */
export interface Endpoint {
  /** The image as it is called there. */
  readonly image: RegistryImage;
  /** Any certificate, and plain HTTP, are taken. */
  readonly insecure: boolean;
}

/** `[[registry]]` tables of one file. Throws file.unreadable, which doesn't quote it. */
export function parseRegistriesConf(text: string, file: string): readonly Registry[] {
  const unreadable = (detail: string): TreelineError => new TreelineError('file.unreadable', { subject: file, detail });
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    throw unreadable(error instanceof TomlError ? `it isn’t TOML (line ${error.line}, column ${error.column})` : 'it isn’t TOML');
  }
  const read = fileSchema.safeParse(value);
  if (!read.success) throw unreadable(z.prettifyError(read.error));
  return read.data.registry.map((registry) => {
    const prefix = (registry.prefix === '' ? registry.location : registry.prefix).replace(/\/+$/, '');
    const locations = [registry.location, ...registry.mirror.map((mirror) => mirror.location)];
    if (prefix === '') throw unreadable('a [[registry]] has neither prefix nor location');
    if (locations.some((location) => location.includes('://'))) throw unreadable('a location holds “://”: it is HOST[/NAME]');
    if (registry.location === '' && !prefix.startsWith('*.')) throw unreadable(`the [[registry]] of “${prefix}” has no location`);
    return { ...registry, prefix, file };
  });
}

/** Where in `HOST/NAME[:TAG][@DIGEST]` a prefix ends that it begins with; undefined when it doesn't. */
function endOfPrefix(name: string, prefix: string): number | undefined {
  if (prefix.startsWith('*.')) {
    const host = /^[^/:]*/.exec(name)?.[0] ?? '';
    return host.endsWith(prefix.slice(1)) ? host.length : undefined;
  }
  return name.startsWith(prefix) && /^(?:$|[/:@])/.test(name.slice(prefix.length)) ? prefix.length : undefined;
}

/** What registries.conf and its drop-ins say about images. */
export class RegistriesConf {
  readonly #registries: readonly Registry[];

  constructor(registries: readonly Registry[]) {
    // a later table of a prefix takes the place of an earlier one
    this.#registries = [...new Map(registries.map((registry) => [registry.prefix, registry])).values()];
  }

  /** Throws file.unreadable naming the file. */
  static read({ registriesConf, registriesConfDirectories }: RegistryPlaces): RegistriesConf {
    const main = registriesConf.filter((file) => existsSync(file)).slice(0, 1);
    const dropIns = registriesConfDirectories
      .filter((directory) => existsSync(directory))
      .flatMap((directory) =>
        readdirSync(directory)
          .filter((name) => name.endsWith('.conf'))
          .sort()
          .map((name) => path.join(directory, name)),
      );
    return new RegistriesConf([...main, ...dropIns].flatMap((file) => parseRegistriesConf(readRegularFile(file).toString(), file)));
  }

  #of(name: string): { readonly registry: Registry; readonly end: number } | undefined {
    return this.#registries
      .flatMap((registry) => {
        const end = endOfPrefix(name, registry.prefix);
        return end === undefined ? [] : [{ registry, end }];
      })
      .sort((a, b) => b.end - a.end || Number(a.registry.prefix.startsWith('*.')) - Number(b.registry.prefix.startsWith('*.')))[0];
  }

  /** Where an image is asked for, in this order: mirrors first. Throws registry.blocked, file.unreadable. */
  endpoints(image: RegistryImage): readonly Endpoint[] {
    const name = imageName(image);
    const found = this.#of(name);
    if (!found) return [{ image, insecure: false }];
    const { registry, end } = found;
    requireUnblocked(registry, image);
    const at = (location: string, insecure: boolean): Endpoint => {
      const there = registryImageOf(`${location.replace(/\/+$/, '')}${name.slice(end)}`);
      if (there) return { image: there, insecure };
      throw new TreelineError('file.unreadable', { subject: registry.file, detail: `“${location}” gives no name for ${name}` });
    };
    const mirrors = registry.mirror.filter((mirror) => {
      const only = registry['mirror-by-digest-only'] ? 'digest-only' : mirror['pull-from-mirror'];
      return only === '' || only === 'all' || (only === 'digest-only') === (image.digest !== undefined);
    });
    return [
      ...mirrors.map((mirror) => at(mirror.location, mirror.insecure)),
      registry.location === '' ? { image, insecure: registry.insecure } : at(registry.location, registry.insecure),
    ];
  }

  /** Where an image is written: no mirror and no other location, as containers' tools do. Throws registry.blocked. */
  target(image: RegistryImage): Endpoint {
    const registry = this.#of(imageName(image))?.registry;
    if (registry) requireUnblocked(registry, image);
    return { image, insecure: registry?.insecure ?? false };
  }
}

function requireUnblocked(registry: Registry, image: RegistryImage): void {
  if (registry.blocked)
    throw new TreelineError('registry.blocked', { subject: imageName(image), file: registry.file, facts: { host: image.host } });
}
