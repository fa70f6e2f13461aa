// SPDX-License-Identifier: LGPL-2.1-or-later
import koffi from 'koffi';
import { bind, free, Ptr, stringArray, type Pointer } from '../core/index.ts';
import type { RawDeployment } from '../../engine/base/ports/sysroot.ts';
import { keyFileText } from './keyfile.ts';

type D = Pointer<'OstreeDeployment'>;

const index = bind('ostree', 'ostree_deployment_get_index', 'int', [Ptr]);
const osname = bind('ostree', 'ostree_deployment_get_osname', 'str', [Ptr]);
const serial = bind('ostree', 'ostree_deployment_get_deployserial', 'int', [Ptr]);
const csum = bind('ostree', 'ostree_deployment_get_csum', 'str', [Ptr]);
const bootcsum = bind('ostree', 'ostree_deployment_get_bootcsum', 'str', [Ptr]);
const bootserial = bind('ostree', 'ostree_deployment_get_bootserial', 'int', [Ptr]);
const bootconfig = bind('ostree', 'ostree_deployment_get_bootconfig', Ptr, [Ptr]);
const origin = bind('ostree', 'ostree_deployment_get_origin', Ptr, [Ptr]);
const staged = bind('ostree', 'ostree_deployment_is_staged', 'int', [Ptr]);
const pinned = bind('ostree', 'ostree_deployment_is_pinned', 'int', [Ptr]);
const unlocked = bind('ostree', 'ostree_deployment_get_unlocked', 'int', [Ptr]);
const configGet = bind('ostree', 'ostree_bootconfig_parser_get', 'str', [Ptr, 'str']);
const configInitrds = bind('ostree', 'ostree_bootconfig_parser_get_overlay_initrds', Ptr, [Ptr]);
const dirpath = bind('ostree', 'ostree_sysroot_get_deployment_dirpath', Ptr, [Ptr, Ptr]);

/** OstreeDeploymentUnlockedState of ostree-deployment.h, in order. */
const unlockedStates = ['none', 'development', 'hotfix', 'transient'] as const;

/** Keys of the boot loader specification that libostree or GRUB write. */
const bootKeys = ['title', 'version', 'options', 'linux', 'initrd', 'devicetree', 'fdtdir', 'aboot', 'abootcfg', 'machine-id'] as const;

/** Copy everything the engine asks about one deployment. */
export function readDeployment(sysroot: Pointer<'OstreeSysroot'>, pointer: D, booted: boolean): RawDeployment {
  const config: Record<string, string> = {};
  const parser = bootconfig(pointer);
  if (parser) {
    for (const key of bootKeys) {
      const value = configGet(parser, key) as string | null;
      if (value !== null) config[key] = value;
    }
  }
  const path = dirpath(sysroot, pointer);
  const relative = koffi.decode(path, 'char', -1) as string;
  free(path as bigint);
  const originPointer = origin(pointer);
  const checksum = csum(pointer) as string;
  const name = osname(pointer) as string;
  const deploySerial = serial(pointer) as number;
  return {
    id: `${name}-${checksum}.${deploySerial}`,
    osname: name,
    checksum,
    serial: deploySerial,
    bootChecksum: bootcsum(pointer) as string,
    bootSerial: bootserial(pointer) as number,
    index: index(pointer) as number,
    booted,
    staged: staged(pointer) !== 0,
    pinned: pinned(pointer) !== 0,
    unlocked: unlockedStates[unlocked(pointer) as number] ?? 'unknown',
    ...(originPointer ? { originText: keyFileText(originPointer) } : {}),
    bootConfig: config,
    overlayInitrds: parser ? stringArray(configInitrds(parser)) : [],
    directory: relative,
  };
}
