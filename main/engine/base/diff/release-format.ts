// SPDX-License-Identifier: LGPL-2.1-or-later
import type {
  Advisory,
  AdvisoryKind,
  ChangeKind,
  ChangelogEntry,
  Package,
  PackageChange,
  ReleaseChanges,
  Severity,
} from '../../../../shared/domain/index.ts';
import type { TreelineError } from '../../../../shared/errors/index.ts';
import { isObject, knownFields, type JsonObject } from '../../../files/index.ts';

type Fail = (detail: string) => TreelineError;
type Fields = JsonObject;

const kinds: readonly ChangeKind[] = ['upgraded', 'downgraded', 'added', 'removed'];
const severities: readonly Severity[] = ['critical', 'important', 'moderate', 'low', 'none'];
const advisoryKinds: readonly AdvisoryKind[] = ['security', 'bugfix', 'enhancement', 'newpackage', 'unknown'];
const referenceKinds = ['cve', 'bugzilla', 'other'] as const;

/**
 * Check and copy what came from a commit: it may have been written by anything. Unknown fields are dropped, so that a later
 * version may add some; a wrong type is an error that says where.
 */
export function readReleaseChanges(value: unknown, fail: Fail): ReleaseChanges | undefined {
  const read = new Reader(fail);
  const top = read.object(value, 'it');
  const format = read.number(top, 'format', 'it');
  if (format > 1) return undefined;
  return {
    format: 1,
    ...knownFields({ parent: read.optionalText(top, 'parent', 'it'), parentVersion: read.optionalText(top, 'parentVersion', 'it') }),
    version: read.text(top, 'version', 'it'),
    timeSeconds: read.number(top, 'timeSeconds', 'it'),
    packages: read.list(top, 'packages', 'it').map((item, i) => packageChange(read, item, `packages[${i}]`)),
    advisories: read.list(top, 'advisories', 'it').map((item, i) => advisory(read, item, `advisories[${i}]`)),
    installedSizeBytes: read.number(top, 'installedSizeBytes', 'it'),
    ...(top['installedSizeDeltaBytes'] === undefined ? {} : { installedSizeDeltaBytes: read.number(top, 'installedSizeDeltaBytes', 'it') }),
  };
}

function packageChange(read: Reader, value: unknown, at: string): PackageChange {
  const o = read.object(value, at);
  const kind = read.oneOf(o, 'kind', kinds, at);
  const from = o['from'] === undefined ? undefined : pkg(read, o['from'], `${at}.from`);
  const to = o['to'] === undefined ? undefined : pkg(read, o['to'], `${at}.to`);
  if ((kind === 'added') !== (from === undefined) || (kind === 'removed') !== (to === undefined)) throw read.fail(`${at} is contradictory`);
  return {
    kind,
    name: read.text(o, 'name', at),
    arch: read.text(o, 'arch', at),
    ...(from ? { from } : {}),
    ...(to ? { to } : {}),
    ...knownFields({ summary: read.optionalText(o, 'summary', at) }),
    ...(o['sizeDeltaBytes'] === undefined ? {} : { sizeDeltaBytes: read.number(o, 'sizeDeltaBytes', at) }),
    ...(o['changelog'] === undefined
      ? {}
      : { changelog: read.list(o, 'changelog', at).map((e, i) => changelogEntry(read, e, `${at}.changelog[${i}]`)) }),
    ...(o['advisories'] === undefined ? {} : { advisories: read.texts(o, 'advisories', at) }),
  };
}

function pkg(read: Reader, value: unknown, at: string): Package {
  const o = read.object(value, at);
  return {
    name: read.text(o, 'name', at),
    epoch: read.number(o, 'epoch', at),
    version: read.text(o, 'version', at),
    release: read.text(o, 'release', at),
    arch: read.text(o, 'arch', at),
  };
}

function changelogEntry(read: Reader, value: unknown, at: string): ChangelogEntry {
  const o = read.object(value, at);
  return { timeSeconds: read.number(o, 'timeSeconds', at), author: read.text(o, 'author', at), text: read.text(o, 'text', at) };
}

function advisory(read: Reader, value: unknown, at: string): Advisory {
  const o = read.object(value, at);
  return {
    id: read.text(o, 'id', at),
    kind: read.oneOf(o, 'kind', advisoryKinds, at),
    severity: read.oneOf(o, 'severity', severities, at),
    title: read.text(o, 'title', at),
    description: read.text(o, 'description', at),
    issuedSeconds: read.number(o, 'issuedSeconds', at),
    references: read.list(o, 'references', at).map((item, i) => {
      const where = `${at}.references[${i}]`;
      const r = read.object(item, where);
      return {
        kind: read.oneOf(r, 'kind', referenceKinds, where),
        id: read.text(r, 'id', where),
        title: read.text(r, 'title', where),
        url: read.text(r, 'url', where),
      };
    }),
    packages: read.texts(o, 'packages', at),
  };
}

class Reader {
  constructor(readonly fail: Fail) {}

  object(value: unknown, at: string): Fields {
    if (!isObject(value)) throw this.fail(`${at} is no object`);
    return value;
  }

  text(o: Fields, key: string, at: string): string {
    const value = o[key];
    if (typeof value !== 'string') throw this.fail(`${at}.${key} is no text`);
    return value;
  }

  optionalText(o: Fields, key: string, at: string): string | undefined {
    return o[key] === undefined ? undefined : this.text(o, key, at);
  }

  number(o: Fields, key: string, at: string): number {
    const value = o[key];
    if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw this.fail(`${at}.${key} is no whole number`);
    return value;
  }

  list(o: Fields, key: string, at: string): readonly unknown[] {
    const value = o[key];
    if (!Array.isArray(value)) throw this.fail(`${at}.${key} is no list`);
    return value;
  }

  texts(o: Fields, key: string, at: string): string[] {
    return this.list(o, key, at).map((item) => {
      if (typeof item !== 'string') throw this.fail(`${at}.${key} holds something that is no text`);
      return item;
    });
  }

  oneOf<T extends string>(o: Fields, key: string, allowed: readonly T[], at: string): T {
    const value = allowed.find((a) => a === o[key]);
    if (value === undefined) throw this.fail(`${at}.${key} has an unknown value`);
    return value;
  }
}
