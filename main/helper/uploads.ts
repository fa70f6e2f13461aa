// SPDX-License-Identifier: LGPL-2.1-or-later
import { randomBytes } from 'node:crypto';
import { closeSync, constants, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import path from 'node:path';
import { iface, serviceWideLimits, uploadLimits } from '../../shared/dbus/index.ts';
import { TreelineError } from '../../shared/errors/index.ts';
import type { BroughtFile } from '../engine/jobs/index.ts';
import { privateDirectory } from '../files/index.ts';
import type { Caller } from './callers.ts';
import type { Handlers } from './dispatcher.ts';

interface Upload {
  readonly sender: string;
  readonly uid: number;
  readonly name: string;
  readonly path: string;
  readonly sizeBytes: number;
  readonly fd: number;
  bytesDone: number;
  /** It is a job's now. */
  taken: boolean;
}

/**
 * Files that callers send, for jobs that take them: bytes of whatever kind, which this process only writes down. An upload is its connection's alone and goes with it,
 * or with the job that has taken it. Nobody names a path.
 */
export class Uploads {
  private readonly directory: string;
  private readonly open = new Map<string, Upload>();

  /** `stateDir`: on a disk, for root only. What an earlier process has left there is removed. */
  constructor(stateDir: string) {
    this.directory = path.join(stateDir, 'uploads');
    rmSync(this.directory, { recursive: true, force: true });
  }

  get count(): number {
    return this.open.size;
  }

  /** Throws service.too-many, disk.full. Returns the handle, which ends with the name. */
  begin(caller: Caller, name: string, sizeBytes: number): string {
    const all = [...this.open.values()];
    const sum = (list: readonly Upload[]): number => list.reduce((bytes, each) => bytes + each.sizeBytes, sizeBytes);
    const own = all.filter(({ uid }) => uid === caller.uid);
    if (own.length >= uploadLimits.ofUser || sum(own) > uploadLimits.bytesOfUser) throw tooMany(own);
    if (all.length >= serviceWideLimits.uploads || sum(all) > serviceWideLimits.uploadBytes) throw tooMany(all);
    privateDirectory(this.directory);
    // what others were promised isn't free either
    const promised = all.reduce((bytes, each) => bytes + each.sizeBytes - each.bytesDone, sizeBytes);
    const { bavail, blocks, bsize } = statfsSync(this.directory);
    if (promised + Math.min(uploadLimits.keepFreeBytes, (blocks * bsize) / 10) > bavail * bsize)
      throw new TreelineError('disk.full', { subject: name, facts: { needBytes: promised, freeBytes: bavail * bsize } });
    const id = randomBytes(16).toString('hex');
    const file = path.join(this.directory, `${id}.rpm`);
    const fd = openSync(file, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
    const handle = `${id}:${name}`;
    const { sender, uid } = caller;
    this.open.set(handle, { sender, uid, name, path: file, sizeBytes, fd, bytesDone: 0, taken: false });
    return handle;
  }

  /** Chunks come in order, each once. */
  write(caller: Caller, handle: string, offset: number, chunk: Buffer): void {
    const upload = this.own(caller, handle);
    if (offset !== upload.bytesDone) throw bad(handle, `${upload.bytesDone} bytes are here, the chunk begins at ${offset}`);
    if (offset + chunk.length > upload.sizeBytes) throw bad(handle, `it was said to have ${upload.sizeBytes} bytes`);
    for (let at = 0; at < chunk.length;) at += writeSync(upload.fd, chunk, at, chunk.length - at, offset + at);
    upload.bytesDone += chunk.length;
  }

  drop(caller: Caller, handle: string): void {
    this.own(caller, handle);
    this.remove(handle);
  }

  /** They belong to a job from now on, which gives them back. Throws service.bad-argument for one that isn't the caller's or isn't whole; then none is taken. */
  take(caller: Caller, handles: readonly string[]): BroughtFile[] {
    if (new Set(handles).size !== handles.length) throw bad(handles[0] ?? '', 'it is named twice');
    const uploads = handles.map((handle) => {
      const upload = this.own(caller, handle);
      if (upload.bytesDone !== upload.sizeBytes) throw bad(handle, `${upload.bytesDone} of ${upload.sizeBytes} bytes are here`);
      return upload;
    });
    for (const upload of uploads) upload.taken = true;
    return uploads.map(({ path: file, name }) => ({ path: file, name }));
  }

  /** A job is over. */
  giveBack(handles: readonly string[]): void {
    for (const handle of handles) this.remove(handle);
  }

  /** A connection has ended; what jobs have taken stays with them. */
  left(sender: string): void {
    for (const [handle, upload] of this.open) if (upload.sender === sender && !upload.taken) this.remove(handle);
  }

  private own(caller: Caller, handle: string): Upload {
    const upload = this.open.get(handle);
    // whether somebody else has it is nobody's business
    if (!upload || upload.sender !== caller.sender || upload.taken) throw bad(handle, 'this connection has no such upload');
    return upload;
  }

  private remove(handle: string): void {
    const upload = this.open.get(handle);
    if (!upload) return;
    this.open.delete(handle);
    closeSync(upload.fd);
    rmSync(upload.path, { force: true });
  }
}

const bad = (handle: string, detail: string): TreelineError => new TreelineError('service.bad-argument', { subject: handle, detail });
const tooMany = (list: readonly Upload[]): TreelineError => new TreelineError('service.too-many', { subject: `${list.length} uploads` });

export function uploadHandlers(uploads: Uploads): Handlers {
  return {
    [iface.treelineOs]: {
      OpenUpload: ({ caller, args: [name, sizeBytes] }) => [uploads.begin(caller, name, Number(sizeBytes))],
      WriteUpload: ({ caller, args: [handle, offset, chunk] }) => {
        uploads.write(caller, handle, Number(offset), Buffer.from(chunk, 'base64'));
        return [];
      },
      DropUpload: ({ caller, args: [handle] }) => {
        uploads.drop(caller, handle);
        return [];
      },
    },
  };
}
