// SPDX-License-Identifier: LGPL-2.1-or-later
import type { SystemPort } from '../../engine/base/ports/compose-store.ts';
import { holdBeneath, holdDirectory, sealDescriptors } from './descriptors.ts';
import { mountOverlay } from './mount.ts';
import { writeScriptFilter } from './seccomp.ts';
import { getAttribute, removeAttributes, setAttribute } from './xattr.ts';

/** The kernel, as compose sees it. */
export const system: SystemPort = {
  mountOverlay,
  getAttribute,
  setAttribute,
  removeAttributes,
  holdDirectory,
  holdBeneath,
  sealDescriptors,
  writeScriptFilter,
};
