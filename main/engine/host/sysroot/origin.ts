// SPDX-License-Identifier: LGPL-2.1-or-later
import { isImageReference, noLayering, type Layering, type Origin } from '../../../../shared/domain/index.ts';
import { KeyFile } from '../../../files/index.ts';
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
    ...(Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)) as Partial<typeof optional>),
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

/** Keys whose values are lists, by where they stand. */
const lists = {
  packages: { requested: 'packages', 'requested-local': 'localPackages', 'requested-local-fileoverride': 'localFileoverrides' },
  overrides: { remove: 'removals', replace: 'replacements', 'replace-local': 'localReplacements' },
  modules: { enable: 'modules', install: 'modules' },
  rpmostree: { 'initramfs-args': 'initramfsArgs', 'initramfs-etc': 'initramfsEtc' },
} as const;
const switches = { 'regenerate-initramfs': 'regenerateInitramfs', 'ex-cliwrap': 'cliwrap' } as const;

function readLayering(file: KeyFile): Layering {
  const layering: Record<string, unknown> = { ...noLayering };
  const unknown: string[] = [];
  for (const [group, known] of Object.entries(lists) as [string, Record<string, string>][]) {
    for (const key of file.keys(group)) {
      const values = file
        .list(group, key)
        .filter((item) => item.trim() !== '')
        .map(withoutDigest);
      const field = known[key];
      if (field) layering[field] = [...(layering[field] as string[]), ...values];
      else if (group === 'rpmostree' && key in switches) layering[switches[key as keyof typeof switches]] = isOn(file.get(group, key));
      // what a newer rpm-ostree wrote there is as much a wish as what we know
      else if (isOn(file.get(group, key))) unknown.push(`[${group}] ${key}`);
    }
  }
  return { ...(layering as unknown as Layering), unknown };
}

/** Local packages are written as SHA256:NEVRA. */
const withoutDigest = (item: string): string => item.replace(/^[0-9a-f]{64}:/, '');

const isOn = (value: string | undefined): boolean => !['', 'false', '0', undefined].includes(value?.trim());
