// SPDX-License-Identifier: LGPL-2.1-or-later
import { Tree } from '../base/tree/index.ts';
import type { UserFiles } from './users.ts';

/** The users of a deployment's /etc, whose ids are taken; '' where a file isn't there. `root`: its directory, or `/`. Throws package.* for what is no file of it. */
export function usersOfMachine(root: string): UserFiles {
  using tree = new Tree(root, { deployed: true });
  const text = (name: string): string => tree.text('machineUsers', `etc/${name}`) ?? '';
  return { passwd: text('passwd'), group: text('group') };
}
