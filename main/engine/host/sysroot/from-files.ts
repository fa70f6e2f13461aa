// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync } from 'node:fs';
import path from 'node:path';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { KeyFile, readRegularFile } from '../../../files/index.ts';
import type { RawDeployment, RepoPort, SysrootPort } from '../../base/ports/sysroot.ts';
import { bootEntries, parseTarget, type BootEntry } from '../../base/boot/boot-entries.ts';
import { deploymentFolders, entryDirectory, isRunning } from '../../base/boot/unloadable.ts';

/**
 * A sysroot that libostree doesn't load, as its files tell it: for looking only, each change throws `problem`. In boot order what entries lead
 * to, then the running one if none does; without any entry all that lies there.
 */
export function sysrootFromFiles(sysroot: string, repo: RepoPort, problem: TreelineError): SysrootPort {
  const refuse = (): never => {
    throw problem;
  };
  const folders = deploymentFolders(sysroot);
  const started = bootEntries(sysroot).flatMap((entry) => {
    const directory = entry.target === undefined ? undefined : entryDirectory(sysroot, entry.target);
    const folder = folders.find((each) => entryDirectory(each, '.') === directory);
    return folder === undefined ? [] : [{ folder, entry }];
  });
  const unlisted = folders.filter(
    (folder) => !started.some((each) => each.folder === folder) && (started.length === 0 || isRunning(folder)),
  );
  const list = [...started, ...unlisted.map((folder) => ({ folder, entry: undefined }))].map(({ folder, entry }, index) =>
    deploymentOf(sysroot, folder, entry, index),
  );
  return {
    path: sysroot,
    isBooted: list.some((each) => each.booted),
    repo,
    notRemoved: [],
    deployments: () => list,
    mergeDeployment: refuse,
    lock: refuse,
    damagedObjects: refuse,
    removeDamaged: refuse,
    stageOverlayInitrd: refuse,
    deployTree: refuse,
    stageTree: refuse,
    writeDeployments: refuse,
    simpleWriteDeployment: refuse,
    setPinned: refuse,
    cleanup: refuse,
    reload: () => undefined,
  };
}

function deploymentOf(sysroot: string, folder: string, entry: BootEntry | undefined, index: number): RawDeployment {
  const [checksum = '', serial = '0'] = path.basename(folder).split('.');
  const osname = path.basename(path.dirname(path.dirname(folder)));
  const target = parseTarget(entry?.target ?? '');
  const origin = readOriginText(`${folder}.origin`);
  const file = origin.text === undefined ? undefined : new KeyFile(origin.text);
  return {
    id: `${osname}-${checksum}.${serial}`,
    osname,
    checksum,
    serial: Number(serial),
    bootChecksum: target?.bootChecksum ?? '',
    bootSerial: target?.bootSerial ?? -1,
    index,
    booted: isRunning(folder),
    staged: false,
    pinned: file?.get('libostree-transient', 'pinned') === 'true',
    unlocked: unlockedBy(path.basename(folder), file?.get('origin', 'unlocked')),
    ...(origin.text === undefined ? {} : { originText: origin.text }),
    ...(origin.damage === undefined ? {} : { originDamage: origin.damage }),
    bootConfig: entry?.config ?? {},
    overlayInitrds: [],
    directory: path.relative(sysroot, folder),
  };
}

/** Until the next start it is noted below /run, else in the origin (`ostree admin unlock`). */
function unlockedBy(name: string, noted: string | undefined): RawDeployment['unlocked'] {
  if (existsSync(`/run/ostree/deployment-state/${name}/unlocked-development`)) return 'development';
  if (noted === undefined) return 'none';
  return noted === 'hotfix' ? noted : 'unknown';
}

function readOriginText(file: string): { text?: string; damage?: string } {
  try {
    return existsSync(file) ? { text: readRegularFile(file).toString() } : {};
  } catch (error) {
    return { damage: TreelineError.report(error).detail ?? '' };
  }
}
