// SPDX-License-Identifier: LGPL-2.1-or-later
import { composeTestOs, placeVariable } from '../os/compose-os.ts';
import { say } from './scratch.ts';

/** Once for all test files, which may run side by side: a virtual machine keeps one processor busy, the tests have two. */
export default async function setup(): Promise<void> {
  process.env[placeVariable] ??= await composeTestOs(say);
}
