// SPDX-License-Identifier: LGPL-2.1-or-later
import { KeyFile } from '../../../main/files/index.ts';
import { readOrigin } from '../../../main/engine/host/sysroot/origin.ts';
import { tolerant } from './refusal.ts';

export const seeds = [
  '[origin]\nrefspec=origin:os/x86_64/stable\n',
  '[origin]\nbaserefspec=a:b\n\n[packages]\nrequested=htop;vim;\n[overrides]\nremove=x;\n[rpmostree]\nregenerate-initramfs=true\ninitramfs-args=-I;\\s;\n',
  '# c\n[origin]\ncontainer-image-reference=ostree-unverified-registry:quay.io/a/b:c\n[origin]\nunconfigured-state=x y\n[libostree-transient]\npinned=true\n',
].map((text) => Buffer.from(text));

/** Changing a key leaves the others what they were, and is read back. */
export function target(data: Uint8Array): void {
  const text = Buffer.from(data).toString('utf8');
  tolerant(() => readOrigin(text, () => true));
  const file = tolerant(() => new KeyFile(text));
  if (!file) return;
  const requested = JSON.stringify(tolerant(() => file.list('packages', 'requested')) ?? '');
  const wrote = tolerant(() => {
    file.set('origin', 'refspec', 'new:ref');
    return new KeyFile(file.text);
  });
  if (!wrote) return;
  if (wrote.get('origin', 'refspec') !== 'new:ref') throw new Error('a changed refspec isn’t read back');
  if (JSON.stringify(tolerant(() => wrote.list('packages', 'requested')) ?? '') !== requested) throw new Error('another key changed');
}
