// SPDX-License-Identifier: LGPL-2.1-or-later
import path from 'node:path';
import type { RpmHeader, RpmPackage } from '../../engine/base/ports/rpm.ts';
import { TreelineError } from '../../../shared/errors/index.ts';
import { bind, Handle, nonNull, Ptr, Scope } from '../core/index.ts';
import { changelogOf, detailsOf } from './describe.ts';
import { filesOf } from './files.ts';
import { Header, tag } from './header.ts';
import { readLead } from './lead.ts';
import { withLog } from './log.ts';
import * as raw from './raw.ts';
import { dependenciesOf, scriptletsOf, triggersOf } from './scripts.ts';

const gzipMagic = '1f8b';
/** memcpy(3): decoding through koffi would make a type for each size. */
const copyMemory = bind('c', 'memcpy', Ptr, [Ptr, Ptr, 'size_t']);

/** Copy a librpm `Header` out of C. */
export function exportHeader(pointer: unknown, subject: string): Header {
  const size: [number] = [0];
  const blob = raw.headerExport(nonNull(pointer, 'Header'), size);
  try {
    const bytes = Buffer.allocUnsafe(size[0]);
    copyMemory(bytes, nonNull(blob, `header of ${subject}`), bytes.length);
    return new Header(bytes, subject);
  } finally {
    raw.rpmFree(blob as bigint);
  }
}

/** librpm's `Header` of a package file; digests of the header are checked, signatures aren't. */
export function openHeader(file: string): Handle<'Header'> {
  const subject = path.basename(file);
  const out: [unknown] = [null];
  const { value: code, log } = withLog(() => {
    using scope = new Scope();
    const ts = scope.own(raw.rpmtsCreate(), 'rpmts', raw.rpmtsFree);
    raw.rpmtsSetVSFlags(ts, raw.vsFlag.noSignatures);
    const fd = raw.Fopen(file, 'r.ufdio');
    if (!fd || raw.Ferror(fd) !== 0)
      throw new TreelineError('package.corrupt', { subject, detail: fd ? String(raw.Fstrerror(fd)) : 'can’t be opened', file });
    scope.defer(() => raw.Fclose(fd));
    return raw.rpmReadPackageFile(ts, fd, file, out) as number;
  });
  if (out[0] && code !== raw.rpmRc.fail && code !== raw.rpmRc.notFound) return new Handle<'Header'>(out[0], subject, raw.headerFree);
  if (out[0]) raw.headerFree(out[0]);
  throw new TreelineError('package.corrupt', { subject, detail: log || `librpm can’t read it (code ${code})`, file });
}

/** See RpmPort.readPackage. */
export function readPackage(file: string): RpmPackage {
  const subject = path.basename(file);
  const lead = readLead(file);
  using handle = openHeader(file);
  const header = exportHeader(handle.pointer, subject);
  if (header.has(tag.sourcePackage) || !header.has(tag.sourceRpm))
    throw new TreelineError('package.unsupported', { subject, detail: 'it is a source package' });
  // rpm 4 began to sign the header itself, as one region
  const formatVersion = header.number(tag.rpmFormat, header.has(tag.headerImmutable) ? 4 : 3);
  return {
    ...describeHeader(header),
    path: file,
    formatVersion,
    payload: {
      format: header.string(tag.payloadFormat) || 'cpio',
      // without the tag rpm reads through zlib, which takes both
      compressor:
        header.string(tag.payloadCompressor) || (lead.payloadStart.subarray(0, 2).toString('hex') === gzipMagic ? 'gzip' : 'none'),
      offsetBytes: lead.payloadOffset,
      stripped: formatVersion >= 6 || header.has(tag.longFileSizes),
      digest: header.string(tag.payloadDigest),
    },
  };
}

/** What a header says, of a file or of an installed package. */
export function describeHeader(header: Header): RpmHeader {
  return {
    ...detailsOf(header),
    files: filesOf(header),
    fileDigestAlgo: header.number(tag.fileDigestAlgo, 1),
    requires: dependenciesOf(header, 'requires'),
    provides: dependenciesOf(header, 'provides'),
    conflicts: dependenciesOf(header, 'conflicts'),
    obsoletes: dependenciesOf(header, 'obsoletes'),
    scriptlets: scriptletsOf(header),
    triggers: triggersOf(header),
    changelog: changelogOf(header),
    header: header.bytes,
  };
}
