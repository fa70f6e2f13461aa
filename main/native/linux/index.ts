import type { SystemPort } from '../../engine/ports/compose-store.ts';
import { mountOverlay } from './mount.ts';
import { getAttribute, removeAttributes, setAttribute } from './xattr.ts';

/** The kernel, as compose sees it. */
export const system: SystemPort = { mountOverlay, getAttribute, setAttribute, removeAttributes };
