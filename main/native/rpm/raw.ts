// SPDX-License-Identifier: LGPL-2.1-or-later
import koffi from 'koffi';
import { bind, bindCallback, bindStatus, PointerOut, Ptr } from '../core/index.ts';

/** Declarations of librpm and librpmio (rpm/rpmlib.h, rpmts.h, rpmdb.h, header.h, rpmkeyring.h, rpmpgp.h, rpmlog.h). */
const SizeOut = koffi.out(koffi.pointer('size_t'));
const Uint32Out = koffi.out(koffi.pointer('uint32'));
const IntOut = koffi.out(koffi.pointer('int'));
const isTrue = (status: number): boolean => status === 1;

export const rpmReadConfigFiles = bindStatus('rpm', 'rpmReadConfigFiles', [Ptr, Ptr]);
export const rpmtsCreate = bind('rpm', 'rpmtsCreate', Ptr, []);
export const rpmtsFree = bind('rpm', 'rpmtsFree', Ptr, [Ptr]);
export const rpmtsSetRootDir = bind('rpm', 'rpmtsSetRootDir', 'int', [Ptr, 'str']);
export const rpmtsSetVSFlags = bind('rpm', 'rpmtsSetVSFlags', 'uint32', [Ptr, 'uint32']);
export const rpmtsSetVfyFlags = bind('rpm', 'rpmtsSetVfyFlags', 'uint32', [Ptr, 'uint32']);
export const rpmtsSetVfyLevel = bind('rpm', 'rpmtsSetVfyLevel', 'int', [Ptr, 'int']);
export const rpmtsSetKeyring = bindStatus('rpm', 'rpmtsSetKeyring', [Ptr, Ptr]);
export const rpmtsOpenDB = bind('rpm', 'rpmtsOpenDB', 'int', [Ptr, 'int']);
export const rpmtsCloseDB = bind('rpm', 'rpmtsCloseDB', 'int', [Ptr]);
export const rpmtxnBegin = bind('rpm', 'rpmtxnBegin', Ptr, [Ptr, 'uint32']);
export const rpmtxnEnd = bind('rpm', 'rpmtxnEnd', Ptr, [Ptr]);
export const rpmtsImportHeader = bind('rpm', 'rpmtsImportHeader', 'int', [Ptr, Ptr, 'uint32']);
/** The key is a string (for RPMDBI_NAME) or null. */
export const rpmtsInitIterator = bind('rpm', 'rpmtsInitIterator', Ptr, [Ptr, 'int', 'str', 'size_t']);
export const rpmdbNextIterator = bind('rpm', 'rpmdbNextIterator', Ptr, [Ptr]);
export const rpmdbFreeIterator = bind('rpm', 'rpmdbFreeIterator', Ptr, [Ptr]);
export const rpmReadPackageFile = bind('rpm', 'rpmReadPackageFile', 'int', [Ptr, Ptr, 'str', PointerOut]);
export const rpmcliVerifySignatures = bind('rpm', 'rpmcliVerifySignatures', 'int', [Ptr, koffi.pointer('str')]);
export const headerExport = bind('rpm', 'headerExport', Ptr, [Ptr, Uint32Out]);
export const headerFormat = bind('rpm', 'headerFormat', Ptr, [Ptr, 'str', koffi.out(koffi.pointer('str'))]);
export const headerFree = bind('rpm', 'headerFree', Ptr, [Ptr]);
export const headerDel = bind('rpm', 'headerDel', 'int', [Ptr, 'int32']);
export const headerPutUint32 = bindStatus('rpm', 'headerPutUint32', [Ptr, 'int32', koffi.pointer('uint32'), 'uint32'], isTrue);
export const headerPutChar = bindStatus('rpm', 'headerPutChar', [Ptr, 'int32', koffi.pointer('uint8'), 'uint32'], isTrue);

export const rpmPushMacro = bindStatus('rpmio', 'rpmPushMacro', [Ptr, 'str', Ptr, 'str', 'int']);
export const rpmPopMacro = bind('rpmio', 'rpmPopMacro', 'int', [Ptr, 'str']);
export const rpmExpandMacros = bind('rpmio', 'rpmExpandMacros', 'int', [Ptr, 'str', koffi.out(koffi.pointer('void *')), 'int']);
export const rpmFree = bind('rpmio', 'rfree', Ptr, [Ptr]);
export const Fopen = bind('rpmio', 'Fopen', Ptr, ['str', 'str']);
export const Fclose = bind('rpmio', 'Fclose', 'int', [Ptr]);
export const Ferror = bind('rpmio', 'Ferror', 'int', [Ptr]);
export const Fstrerror = bind('rpmio', 'Fstrerror', 'str', [Ptr]);

export const rpmKeyringNew = bind('rpmio', 'rpmKeyringNew', Ptr, []);
export const rpmKeyringFree = bind('rpmio', 'rpmKeyringFree', Ptr, [Ptr]);
export const rpmKeyringAddKey = bindStatus('rpmio', 'rpmKeyringAddKey', [Ptr, Ptr], (status) => status === 0 || status === 1);
export const rpmPubkeyNew = bind('rpmio', 'rpmPubkeyNew', Ptr, [koffi.pointer('uint8'), 'size_t']);
export const rpmPubkeyFree = bind('rpmio', 'rpmPubkeyFree', Ptr, [Ptr]);
export const rpmGetSubkeys = bind('rpmio', 'rpmGetSubkeys', Ptr, [Ptr, IntOut]);
export const pgpParsePkts = bind('rpmio', 'pgpParsePkts', 'int', ['str', PointerOut, SizeOut]);
export const pgpPubKeyCertLen = bind('rpmio', 'pgpPubKeyCertLen', 'int', [koffi.pointer('uint8'), 'size_t', SizeOut]);

export const rpmlogRecMessage = bind('rpmio', 'rpmlogRecMessage', 'str', [Ptr]);
export const rpmlogRecPriority = bind('rpmio', 'rpmlogRecPriority', 'int', [Ptr]);
export const LogCallback = bindCallback('rpmlogCallback', 'int', [Ptr, Ptr]);
export const rpmlogSetCallback = bind('rpmio', 'rpmlogSetCallback', Ptr, [LogCallback, Ptr]);

/** rpmRC of rpm/rpmtypes.h. */
export const rpmRc = { ok: 0, notFound: 1, fail: 2, notTrusted: 3, noKey: 4 } as const;

/** rpmVSFlags of rpm/rpmts.h: what not to check. */
export const vsFlag = {
  noHeaderCheck: 1 << 0,
  needPayload: 1 << 1,
  noDigests: (1 << 8) | (1 << 9) | (1 << 16) | (1 << 17),
  noSignatures: (1 << 10) | (1 << 11) | (1 << 18) | (1 << 19),
} as const;
/** rpmtsSetVfyLevel: RPMSIG_DIGEST_TYPE | RPMSIG_SIGNATURE_TYPE. */
export const verifyAll = 3;
export const rpmdbiPackages = 0;
export const rpmdbiName = 1000;
export const txnWrite = 1 << 1;
/** RMIL_CMDLINE of rpm/rpmmacro.h: wins over configuration files. */
export const macroLevel = -7;
