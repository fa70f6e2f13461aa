// SPDX-License-Identifier: LGPL-2.1-or-later
import type * as Domain from '../../../../shared/domain/index.ts';
import type { OsParams, SysrootParams } from '../../base/ports/job.ts';

/** Jobs on remotes and their keys; part of Jobs in jobs/catalogue.ts. */
export interface RemoteJobs {
  /** (read) */
  'remote.list': { params: SysrootParams; result: readonly Domain.Remote[] };
  'remote.add': {
    params: SysrootParams & { readonly name: string; readonly url: string; readonly gpgVerify: boolean };
    result: Domain.Remote;
  };
  'remote.edit': {
    params: SysrootParams & { readonly name: string; readonly url?: string; readonly gpgVerify?: boolean };
    result: Domain.Remote;
  };
  /** Refused while a deployment names it, unless `force`. */
  'remote.remove': { params: SysrootParams & { readonly name: string; readonly force?: boolean }; result: { readonly removed: string } };
  /** (read) What a key file holds, before it is trusted. `key` is the file's content, base64. */
  'remote.inspect-key': { params: { readonly key: string }; result: readonly Domain.RemoteKey[] };
  'remote.import-key': { params: SysrootParams & { readonly name: string; readonly key: string }; result: readonly Domain.RemoteKey[] };
  /** Branches of a remote, from its summary (network). */
  'remote.refs': { params: OsParams & { readonly name: string }; result: readonly Domain.RemoteRef[] };
  /** The past of a branch, newest first (network: commit objects only). */
  'remote.versions': {
    params: OsParams & { readonly refspec: string; readonly limit: number };
    result: readonly Domain.RemoteVersion[];
  };
}
