// SPDX-License-Identifier: LGPL-2.1-or-later
import { isImageReference, noLayering, type Layering, type Origin } from '../../../../shared/domain/index.ts';
import { KeyFile, knownFields } from '../../../files/index.ts';
import type { RawDeployment } from '../../base/ports/sysroot.ts';

/** readOrigin() of a deployment. */
export function originOf(raw: Pick<RawDeployment, 'originText' | 'originDamage'>, remoteExists: (name: string) => boolean): Origin {
  const origin = readOrigin(raw.originText, remoteExists);
  return raw.originDamage === undefined ? origin : { ...origin, problem: 'unreadable', problemDetail: raw.originDamage };
}

/**
 * What an origin says, with what is wrong about it instead of an exception (field reports 11, 12): a deployment is listed whatever its origin.
 * `remoteExists` tells whether a remote is configured.
 */
export function readOrigin(text: string | undefined, remoteExists: (name: string) => boolean): Origin {
  const nothing: Origin = { refspec: '', remote: '', ref: '', layering: noLayering };
  if (text === undefined) return { ...nothing, problem: 'missing' };
  if (text.trim() !== '' && !/^\s*\[[^\]]+\]\s*$/m.test(text)) return { ...nothing, problem: 'unreadable' };
  const file = new KeyFile(text);
  const named = file.get('origin', 'refspec') ?? file.get('origin', 'baserefspec') ?? '';
  const refspec = isImageReference(named) ? '' : named;
  const container = file.get('origin', 'container-image-reference') ?? (refspec === named ? undefined : named);
  const colon = refspec.indexOf(':');
  const remote = colon < 0 ? '' : refspec.slice(0, colon);
  const optional = {
    containerImageReference: container,
    customUrl: file.get('origin', 'custom-url'),
    customDescription: file.get('origin', 'custom-description'),
    overrideCommit: file.get('origin', 'override-commit'),
    unconfiguredState: file.get('origin', 'unconfigured-state') || undefined,
  };
  const problem = problemOf(refspec, container, remote, remoteExists);
  return {
    refspec,
    remote,
    ref: refspec.slice(colon + 1),
    layering: readLayering(file),
    ...knownFields(optional),
    ...(problem ? { problem } : {}),
  };
}

function problemOf(
  refspec: string,
  container: string | undefined,
  remote: string,
  remoteExists: (name: string) => boolean,
): Origin['problem'] | undefined {
  if (refspec !== '' && container) return 'ambiguous';
  if (refspec === '' && !container) return 'no-ref';
  if (remote !== '' && !remoteExists(remote)) return 'remote-missing';
  return undefined;
}

type Mutable<T> = { -readonly [F in keyof T]: T[F] };
type FieldOf<T> = { [F in keyof Layering]-?: Layering[F] extends T ? F : never }[keyof Layering];
/** Fields of one kind by the keys that they are written as. */
type Named<T> = Readonly<Record<string, FieldOf<T>>>;

/** Keys whose values are lists, by where they stand. */
const lists: Readonly<Record<string, Named<readonly string[]>>> = {
  packages: { requested: 'packages', 'requested-local': 'localPackages', 'requested-local-fileoverride': 'localFileoverrides' },
  overrides: { remove: 'removals', replace: 'replacements', 'replace-local': 'localReplacements' },
  modules: { enable: 'modules', install: 'modules' },
  rpmostree: { 'initramfs-args': 'initramfsArgs', 'initramfs-etc': 'initramfsEtc' },
};
const switches: Named<boolean> = { 'regenerate-initramfs': 'regenerateInitramfs', 'ex-cliwrap': 'cliwrap' };

function readLayering(file: KeyFile): Layering {
  const layering: Mutable<Layering> = { ...noLayering };
  const unknown: string[] = [];
  for (const [group, known] of Object.entries(lists)) {
    for (const key of file.keys(group)) {
      const values = file
        .list(group, key)
        .filter((item) => item.trim() !== '')
        .map(withoutDigest);
      // own keys: a file may call one as it likes, `constructor` as well
      const field = Object.hasOwn(known, key) ? known[key] : undefined;
      const flag = group === 'rpmostree' && Object.hasOwn(switches, key) ? switches[key] : undefined;
      if (field) layering[field] = [...layering[field], ...values];
      else if (flag) layering[flag] = isOn(file.get(group, key));
      // what a newer rpm-ostree wrote there is as much a wish as what we know
      else if (isOn(file.get(group, key))) unknown.push(`[${group}] ${key}`);
    }
  }
  return { ...layering, unknown };
}

/** Local packages are written as SHA256:NEVRA. */
const withoutDigest = (item: string): string => item.replace(/^[0-9a-f]{64}:/, '');

const isOn = (value: string | undefined): boolean => !['', 'false', '0', undefined].includes(value?.trim());
