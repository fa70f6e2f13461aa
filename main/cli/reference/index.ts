// SPDX-License-Identifier: LGPL-2.1-or-later
import { treelineVersion } from '../../../shared/domain/index.ts';
import { buildProgram } from '../program.ts';
import { bashCompletion } from './bash-completion.ts';
import { commandTree } from './command-tree.ts';
import { fishCompletion } from './fish-completion.ts';
import { treefilePage } from './treefile-page.ts';
import { treelinePage } from './treeline-page.ts';
import { zshCompletion } from './zsh-completion.ts';

/**
 * Manuals and completions by their place in the system.
 * @param date `2026-11-25`
 */
export async function referenceFiles(date: string): Promise<Record<string, string>> {
  const tree = commandTree(await buildProgram());
  const made = { version: treelineVersion, date };
  return {
    '/usr/share/man/man1/treeline.1': treelinePage(tree, made),
    '/usr/share/man/man5/treeline-treefile.5': treefilePage(made),
    '/usr/share/bash-completion/completions/treeline': bashCompletion(tree),
    '/usr/share/zsh/site-functions/_treeline': zshCompletion(tree),
    '/usr/share/fish/vendor_completions.d/treeline.fish': fishCompletion(tree),
  };
}
