// SPDX-License-Identifier: LGPL-2.1-or-later
import koffi from 'koffi';
import { bind, bindStatus, Ptr, type Pointer } from '../core/index.ts';

/** libcap's cap_from_text(3), cap_get_flag(3). */
const fromText = bind('cap', 'cap_from_text', Ptr, ['str']);
const flagTypes = [Ptr, 'int', 'int', koffi.out(koffi.pointer('int'))];
const tryFlag = bind('cap', 'cap_get_flag', 'int', flagTypes);
const getFlag = bindStatus('cap', 'cap_get_flag', flagTypes);
const freeCap = bind('cap', 'cap_free', 'int', [Ptr]);

/** cap_flag_t of sys/capability.h. */
const flag = { effective: 0, permitted: 1, inheritable: 2 } as const;
const vfsRevision2 = 0x02000000;
const vfsEffective = 0x000001;

/**
 * The value of a file's `security.capability` attribute (struct vfs_ns_cap_data, revision 2, of linux/capability.h) for
 * capabilities in text form, e.g. `cap_net_raw=ep`. undefined when libcap can't read the text.
 */
export function fileCapability(text: string): Buffer | undefined {
  const caps = fromText(text) as Pointer | null;
  if (!caps) return undefined;
  try {
    const words = Buffer.alloc(20);
    let effective = 0;
    for (let cap = 0; cap < 64; cap++) {
      const value: [number] = [0];
      const at = 4 + (cap >> 5) * 8;
      const bit = (1 << (cap & 31)) >>> 0;
      if ((tryFlag(caps, cap, flag.permitted, value) as number) !== 0) break;
      if (value[0]) words.writeUInt32LE((words.readUInt32LE(at) | bit) >>> 0, at);
      getFlag(caps, cap, flag.inheritable, value);
      if (value[0]) words.writeUInt32LE((words.readUInt32LE(at + 4) | bit) >>> 0, at + 4);
      getFlag(caps, cap, flag.effective, value);
      if (value[0]) effective = vfsEffective;
    }
    words.writeUInt32LE((vfsRevision2 | effective) >>> 0, 0);
    return words;
  } finally {
    freeCap(caps);
  }
}
