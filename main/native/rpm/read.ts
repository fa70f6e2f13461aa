import koffi from 'koffi';
import path from 'node:path';
import type { RpmPackage } from '../../engine/ports/rpm.ts';
import { TreelineError } from '../../../shared/errors/index.ts';
import { Handle, nonNull, Scope } from '../core/index.ts';
import { changelogOf, detailsOf } from './describe.ts';
import { filesOf } from './files.ts';
import { Header, tag } from './header.ts';
import { readLead } from './lead.ts';
import { withLog } from './log.ts';
import * as raw from './raw.ts';
import { dependenciesOf, scriptletsOf, triggersOf } from './scripts.ts';

const gzipMagic = '1f8b';

/** Copy a librpm `Header` out of C. */
export function exportHeader(pointer: unknown, subject: string): Header {
  const size: [number] = [0];
  const blob = raw.headerExport(nonNull(pointer, 'Header'), size);
  try {
    const bytes = koffi.decode(nonNull(blob, `header of ${subject}`), koffi.array('uint8_t', size[0], 'Typed')) as Uint8Array;
    return new Header(Buffer.from(bytes), subject);
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
    if (!fd || raw.Ferror(fd as bigint) !== 0)
      throw new TreelineError('package.corrupt', { subject, detail: fd ? String(raw.Fstrerror(fd as bigint)) : 'can’t be opened', file });
    scope.defer(() => raw.Fclose(fd as bigint));
    return raw.rpmReadPackageFile(ts, fd as bigint, file, out) as number;
  });
  if (out[0] && code !== raw.rpmRc.fail && code !== raw.rpmRc.notFound) return new Handle<'Header'>(out[0], subject, raw.headerFree);
  if (out[0]) raw.headerFree(out[0] as bigint);
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
    path: file,
    ...detailsOf(header),
    formatVersion,
    files: filesOf(header),
    fileDigestAlgo: header.number(tag.fileDigestAlgo, 1),
    requires: dependenciesOf(header, 'requires'),
    provides: dependenciesOf(header, 'provides'),
    conflicts: dependenciesOf(header, 'conflicts'),
    obsoletes: dependenciesOf(header, 'obsoletes'),
    scriptlets: scriptletsOf(header),
    triggers: triggersOf(header),
    changelog: changelogOf(header),
    payload: {
      format: header.string(tag.payloadFormat) || 'cpio',
      // without the tag rpm reads through zlib, which takes both
      compressor:
        header.string(tag.payloadCompressor) || (lead.payloadStart.subarray(0, 2).toString('hex') === gzipMagic ? 'gzip' : 'none'),
      offsetBytes: lead.payloadOffset,
      stripped: formatVersion >= 6 || header.has(tag.longFileSizes),
      digest: header.string(tag.payloadDigest),
    },
    header: header.bytes,
  };
}
