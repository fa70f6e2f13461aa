// SPDX-License-Identifier: LGPL-2.1-or-later
import { DbusCallError, reportOfWire } from '../../shared/dbus/index.ts';
import { TreelineError } from '../../shared/errors/index.ts';

/** Any failure of a call as a TreelineError; connect failures are service.unreachable. */
export function clientError(error: unknown): TreelineError {
  if (error instanceof TreelineError) return error;
  if (error instanceof DbusCallError) return TreelineError.fromReport(reportOfWire(error.errorName, error.message));
  return new TreelineError('service.unreachable', { detail: error instanceof Error ? error.message : String(error) }, { cause: error });
}

/** True when the service may have gone away (idle exit, restart) and asking again makes sense. */
export function isGone(error: unknown): boolean {
  return (
    error instanceof DbusCallError &&
    /\.(ServiceUnknown|NameHasNoOwner|NoReply|Disconnected)$/.test(error.errorName) &&
    !/not answered in time/.test(error.message)
  );
}

/** True when the call can't have reached anybody: repeating it is safe whatever it does. */
export function neverArrived(error: unknown): boolean {
  return error instanceof DbusCallError && /\.(ServiceUnknown|NameHasNoOwner)$/.test(error.errorName);
}
