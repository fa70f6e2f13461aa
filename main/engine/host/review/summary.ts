// SPDX-License-Identifier: LGPL-2.1-or-later
import { argChanges, type ReviewSummary } from '../../../../shared/domain/index.ts';
import { TreelineError } from '../../../../shared/errors/index.ts';
import type { ReviewParams } from './params.ts';
import type { CommitPort, RawDeployment } from '../../base/ports/sysroot.ts';
import { bootSpace, type BootFile } from '../sysroot/boot-space.ts';
import { bootFileNames } from '../../base/boot/boot-files.ts';
import { kernelArgsOf } from '../sysroot/deployments.ts';
import { fileSizes } from '../source/sizes.ts';
import { withTarget, type ReviewContext, type ReviewTarget } from './target.ts';
import type { TreeReader } from '../../base/commits/tree-reader.ts';

/** usr/lib/modules/VERSION of the kernel, and what of it goes to /boot. */
interface Boot {
  readonly version: string;
  readonly files: readonly BootFile[];
}

const modules = ['usr', 'lib', 'modules'];

/** Job review.summary. */
export function reviewSummary(context: ReviewContext, params: ReviewParams): ReviewSummary {
  return withTarget(context, params, (target) => {
    const { from, to, merge, reader, staged } = target;
    const was = bootOf(reader, from);
    const told = sizes(target);
    const size = (checksum: string): number => told(checksum) ?? 0;
    const found = unlessMissing(() => bootOf(reader, to));
    // files whose sizes nobody tells are as good as unknown: their sum would be too small
    const comes = found?.files.every(({ checksum }) => told(checksum) !== undefined) ? found : undefined;
    const oldImage = initramfsOf(was);
    const newImage = comes && initramfsOf(comes);
    const space = comes && bootSpace(context.sysroot, comes.files, size);
    const back = target.source.base;
    return {
      fromId: merge.id,
      fromVersion: from.version,
      toChecksum: to.checksum,
      toVersion: to.version,
      staged,
      ...(comes ? {} : { partial: true }),
      kernel: { from: was.version, to: comes?.version ?? kernelByMetadata(to) },
      initramfs: {
        changed: comes !== undefined && oldImage !== newImage,
        fromBytes: oldImage === undefined ? 0 : size(oldImage),
        toBytes: newImage === undefined ? 0 : size(newImage),
      },
      kernelArgs: kernelArgs(context, target),
      boot: { needBytes: space?.needBytes ?? 0, freeBytes: space?.freeBytes ?? bootSpace(context.sysroot, [], () => 0)?.freeBytes ?? 0 },
      backTo: { id: back.id, version: context.sysroot.repo.tryLoadCommit(back.checksum)?.version ?? '' },
    };
  });
}

const initramfsOf = (boot: Boot): string | undefined => boot.files.find((f) => f.path.endsWith('/initramfs.img'))?.checksum;

/** `ostree.linux`: what rpm-ostree and Treeline write into commits. */
function kernelByMetadata(commit: CommitPort): string {
  const value = commit.value('ostree.linux', 's');
  return typeof value === 'string' ? value : '';
}

function bootOf(reader: TreeReader, commit: CommitPort): Boot {
  const dir = reader.find(commit, modules);
  const found = [...(dir ? reader.directory(dir.tree).dirs : [])].map(([version, { tree }]) => {
    const files = [...reader.directory(tree).files].filter(([name]) => bootFileNames.test(name));
    return { version, files: files.map(([name, checksum]) => ({ path: `${modules.join('/')}/${version}/${name}`, checksum })) };
  });
  return found.find(({ files }) => files.length > 0) ?? { version: '', files: [] };
}

/** Names below usr/lib/modules of the new tree whose content isn't known yet, to be fetched; undefined when not even the names are. */
export function unknownKernels(reader: TreeReader, commit: CommitPort): string[] | undefined {
  return unlessMissing(() => {
    const dir = reader.find(commit, modules);
    return [...(dir ? reader.directory(dir.tree).dirs : [])].filter(([, { tree }]) => !reader.has('dirtree', tree)).map(([name]) => name);
  });
}

function unlessMissing<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    if (error instanceof TreelineError && error.code === 'review.content-missing') return undefined;
    throw error;
  }
}

/** Bytes of a file object: its own when it is here, else what the new commit says of it. */
function sizes(target: ReviewTarget): (checksum: string) => number | undefined {
  let told: ReturnType<typeof fileSizes>;
  return (checksum) => {
    const file = target.reader.tryFile(checksum);
    if (file) return file.sizeBytes;
    told ??= fileSizes(target.to);
    return told?.get(checksum)?.unpackedBytes;
  };
}

function kernelArgs(context: ReviewContext, target: ReviewTarget): ReviewSummary['kernelArgs'] {
  const own = (d: RawDeployment): string[] => kernelArgsOf(d).map((arg) => arg.raw);
  const current = own(target.source.base);
  const first = context.sysroot.deployments().find((d) => d.osname === target.merge.osname && d.checksum === target.to.checksum);
  const next = own(first ?? target.source.newest);
  const { added, removed } = argChanges(current, next) ?? { added: [], removed: [] };
  return { current, next, added, removed };
}
