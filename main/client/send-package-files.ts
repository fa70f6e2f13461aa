// SPDX-License-Identifier: LGPL-2.1-or-later
import { treelineOsInterface, uploadLimits } from '../../shared/dbus/index.ts';
import type { Modifiers } from '../../shared/domain/index.ts';
import type { PackageFile, PackageFiles } from './api.ts';
import type { Calls } from './calls.ts';

type Uploads = Pick<Modifiers, 'treelineInstallUploads' | 'treelineInstallUploadsReplacefiles' | 'treelineOverrideReplaceUploads'>;

/** Send package files to the service. Returns the modifiers that name them; they are the connection's own. Throws what the service refuses. */
export async function sendPackageFiles(calls: Calls, { install = [], installForced = [], replace = [] }: PackageFiles): Promise<Uploads> {
  if (install.length + installForced.length + replace.length > 0) await calls.needOurs('Installing package files');
  const send = async (files: readonly PackageFile[]): Promise<readonly string[]> => {
    const handles: string[] = [];
    for (const file of files) handles.push(await upload(calls, file));
    return handles;
  };
  return {
    treelineInstallUploads: await send(install),
    treelineInstallUploadsReplacefiles: await send(installForced),
    treelineOverrideReplaceUploads: await send(replace),
  };
}

async function upload(calls: Calls, { name, sizeBytes, chunks }: PackageFile): Promise<string> {
  // what the name may hold is the service's rule; it is for messages only
  const plain = name
    .slice(-200)
    .replace(/[^A-Za-z0-9._+~^-]/g, '_')
    .replace(/^[^A-Za-z0-9_+~^]/, '_');
  const [handle] = await calls.call(treelineOsInterface, 'OpenUpload', [plain, BigInt(sizeBytes)]);
  let offset = 0;
  for await (const chunk of chunks(uploadLimits.chunkBytes)) {
    await calls.call(treelineOsInterface, 'WriteUpload', [handle, BigInt(offset), chunk.toString('base64')]);
    offset += chunk.length;
  }
  return handle;
}
