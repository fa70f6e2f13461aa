// SPDX-License-Identifier: LGPL-2.1-or-later
import { parseRepoFile } from '../../../main/engine/base/package-repos/repo-sections.ts';
import { tolerant } from './refusal.ts';

export const seeds = [
  '[a]\nname=A\nbaseurl=https://a.example/$releasever\n  https://b.example/\ngpgcheck=1\nenabled=1\n',
  '\ufeff# comment\n[main]\nfastestmirror=1\n\n[b:c]\nmetalink = https://x.example/m\ngpgkey=file:///etc/pki/x\n\tfile:///y\npriority=-5\nenabled=\n',
  '[a]\n[a]\nbaseurl=file:///a%20b\n;x\nexcludepkgs=a,b c\n',
].map((text) => Buffer.from(text));

export function target(data: Uint8Array): void {
  for (const { id } of tolerant(() => parseRepoFile(Buffer.from(data).toString('utf8'), '/treefiles/x.repo')) ?? [])
    if (typeof id !== 'string') throw new Error('a section without an id');
}
