// SPDX-License-Identifier: LGPL-2.1-or-later
/** What check-passwd and check-groups compare a tree's users and groups with. */
export type UserCheck =
  | { readonly type: 'none' }
  | { readonly type: 'previous' }
  /** Path of a passwd(5) or group(5) file. */
  | { readonly type: 'file'; readonly filename: string }
  /** Name -> id, or [uid, gid] of a user. */
  | { readonly type: 'data'; readonly entries: Readonly<Record<string, number | readonly number[]>> };

export type UserKind = 'passwd' | 'group';
