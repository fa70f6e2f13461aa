// SPDX-License-Identifier: LGPL-2.1-or-later
import { startXvfb } from '../../../main/launch/xvfb.mjs';

let own: { readonly display: string; stop(): Promise<void> } | undefined;

/** A display for the tests of a file: the one there is, else an Xvfb of their own. */
export async function openDisplay(): Promise<void> {
  if (process.env['DISPLAY']) return;
  own = await startXvfb(1600, 1200);
  process.env['DISPLAY'] = own.display;
}

export async function closeDisplay(): Promise<void> {
  if (!own) return;
  delete process.env['DISPLAY'];
  await own.stop();
  own = undefined;
}
