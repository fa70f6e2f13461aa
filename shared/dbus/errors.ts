// SPDX-License-Identifier: LGPL-2.1-or-later
import { dbusErrorName, errorCodeOfDbusName, errorLine, isErrorCode, type ErrorCode, type ErrorReport } from '../errors/index.ts';

/**
 * Error names on rpm-ostree's interfaces are rpm-ostree's, because its clients compare them; our code ends the text, in
 * brackets: `Another job is running. ... [sysroot.busy]`. On org.treeline interfaces the name itself is the code.
 * In both cases `org.treeline.Sysroot1.LastError` gives the same caller the whole report.
 */
export const stockPrefix = 'org.projectatomic.rpmostreed.Error.';

/** How GDBus names an error whose domain registered no names: `…Quark._g_2dio_2derror_2dquark.Code26` is G_IO_ERROR_BUSY. */
const unmappedPrefix = 'org.gtk.GDBus.UnmappedGError.';
const gioBusy = `${unmappedPrefix}Quark._g_2dio_2derror_2dquark.Code26`;

const stockNames: Partial<Record<ErrorCode, string>> = {
  'auth.denied': 'NotAuthorized',
  'auth.dismissed': 'NotAuthorized',
  'auth.unavailable': 'NotAuthorized',
  'sysroot.invalid': 'InvalidSysroot',
  'stateroot.not-found': 'InvalidSysroot',
  'repo.ref-not-found': 'InvalidRefspec',
  'service.bad-refspec': 'InvalidRefspec',
  'source.image': 'InvalidRefspec',
  'source.image-unproven': 'InvalidRefspec',
};

/** Faults of the call itself keep the bus's own names everywhere. */
const busNames: Partial<Record<ErrorCode, string>> = {
  'service.bad-call': 'org.freedesktop.DBus.Error.InvalidArgs',
  'service.too-many': 'org.freedesktop.DBus.Error.LimitsExceeded',
};
/** What a person chose wrongly is the bus's matter only where rpm-ostreed has no error for it. */
const chosenWrongly: readonly ErrorCode[] = ['service.bad-argument', 'service.bad-refspec', 'source.image'];

export function wireErrorName(code: ErrorCode, interfaceName: string): string {
  const stock = interfaceName.startsWith('org.projectatomic.');
  const bus = chosenWrongly.includes(code) && !stock ? 'org.freedesktop.DBus.Error.InvalidArgs' : busNames[code];
  if (bus) return bus;
  if (!stock) return dbusErrorName(code);
  // rpm-ostreed throws G_IO_ERROR_BUSY, and clients wait for the end of the other job when they see it
  if (code === 'sysroot.busy') return gioBusy;
  return `${stockPrefix}${stockNames[code] ?? 'Failed'}`;
}

export function wireErrorText(report: ErrorReport): string {
  return `${errorLine(report)} [${report.code}]`;
}

/** The report of an error reply or of Finished's text: ours by its code, a stock daemon's by its name. */
export function reportOfWire(errorName: string, text: string): ErrorReport {
  const named = errorCodeOfDbusName(errorName);
  const tail = /^(.*) \[([a-z-]+(?:\.[a-z-]+)?)\]$/s.exec(text);
  const code = named ?? (isErrorCode(tail?.[2]) ? tail[2] : undefined);
  const detail = tail ? tail[1] : text;
  if (code) return { code, detail };
  if (errorName === `${stockPrefix}NotAuthorized`) return { code: 'auth.denied', subject: 'This', detail };
  if (errorName === `${stockPrefix}UpdateInProgress` || errorName === gioBusy) return { code: 'sysroot.busy', detail };
  // whatever else it says, in its own words: its errors, and those of GIO that have no name on the bus
  if (errorName.startsWith(stockPrefix) || errorName.startsWith(unmappedPrefix)) return { code: 'service.said', detail: text || errorName };
  // it was asked, and left without an answer
  if (errorName.endsWith('Error.NoReply')) return { code: 'service.ended', detail: text };
  if (/Error\.(ServiceUnknown|NameHasNoOwner|Disconnected|Spawn\.\w+|TimedOut|Timeout)$/.test(errorName)) {
    return { code: 'service.unreachable', detail: text };
  }
  if (/Error\.(UnknownMethod|UnknownInterface|UnknownObject|UnknownProperty)$/.test(errorName)) {
    return { code: 'not-supported', subject: 'This', detail };
  }
  if (errorName.endsWith('Error.InvalidArgs')) return { code: 'service.bad-argument', subject: 'The call', detail };
  if (errorName.endsWith('Error.AccessDenied')) return { code: 'auth.denied', subject: 'This', detail };
  return { code: 'internal.unexpected', detail: text || errorName };
}
