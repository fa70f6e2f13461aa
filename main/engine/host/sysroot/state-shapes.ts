// SPDX-License-Identifier: LGPL-2.1-or-later
import type {
  AvailableUpdate,
  CheckState,
  FinalizeFailure,
  Signature,
  UpdateDetails,
  UpdateSizes,
} from '../../../../shared/domain/index.ts';
import { isErrorReport } from '../../../../shared/errors/index.ts';
import { hasShape, isObject } from '../../../files/index.ts';

/*
 * Checks of what another run left in the state directories: it may have been of another version, and a file may be damaged. What isn't of its shape counts as
 * missing. Fields that came from us whole (packages, advisories) are looked at as far as they are told apart by.
 */

const optional = <T>(value: unknown, is: (value: unknown) => value is T): boolean => value === undefined || is(value);
const areAll = (value: unknown, is: (item: unknown) => boolean): boolean => Array.isArray(value) && value.every(is);

/** A file of ours: its format, and what is in it. */
export const isFormat1 = (value: unknown): value is { readonly format: 1 } & Readonly<Record<string, unknown>> =>
  isObject(value) && value['format'] === 1;

const offeredShape = { checksum: 'string', version: 'string', timestamp: 'number' } as const;

const signatureShape = {
  valid: 'boolean',
  keyId: 'string',
  fingerprint: 'string',
  userName: 'string?',
  userEmail: 'string?',
  timeSeconds: 'number?',
  keyMissing: 'boolean',
  keyExpired: 'boolean',
  keyRevoked: 'boolean',
  signatureExpired: 'boolean',
} as const;
export const isSignature = (value: unknown): value is Signature =>
  hasShape(value, signatureShape) && (value['type'] === 'gpg' || value['type'] === 'ed25519') && optional(value['gpg'], isObject);

const sizesShape = {
  downloadBytes: 'number',
  downloadExact: 'boolean',
  downloadObjects: 'number',
  diskBytes: 'number',
  installedDeltaBytes: 'number?',
  freeBytes: 'number',
} as const;
const isSizes = (value: unknown): value is UpdateSizes => hasShape(value, sizesShape);

const countsShape = { upgraded: 'number', downgraded: 'number', added: 'number', removed: 'number' } as const;
const isCounts = (value: unknown): value is AvailableUpdate['counts'] => hasShape(value, countsShape);
const isSecurity = (value: unknown): value is AvailableUpdate['security'] => hasShape(value, { count: 'number', worst: 'string' });
const areSignatures = (value: unknown): value is readonly Signature[] => areAll(value, isSignature);

const isUpdate = (value: unknown): value is AvailableUpdate =>
  hasShape(value, { ...offeredShape, refspec: 'string', rolledBackFrom: 'boolean' }) &&
  optional(value['counts'], isCounts) &&
  optional(value['security'], isSecurity) &&
  optional(value['sizes'], isSizes) &&
  optional(value['signatures'], areSignatures);

export function isCheckState(value: unknown): value is CheckState {
  if (!isObject(value)) return false;
  switch (value['kind']) {
    case 'never':
      return true;
    case 'blocked':
      return Array.isArray(value['losses']) && isErrorReport(value['error']);
    case 'up-to-date':
      return hasShape(value, { checkedAt: 'number', staleList: 'boolean?' }) && optional(value['wentBack'], isOffered);
    case 'available':
      return hasShape(value, { checkedAt: 'number?' }) && isUpdate(value['update']);
    case 'failed':
      return hasShape(value, { failedAt: 'number', since: 'number' }) && isErrorReport(value['error']) && optional(value['last'], isUpdate);
    default:
      return false;
  }
}
const isOffered = (value: unknown): value is object => hasShape(value, offeredShape);

const detailsShape = {
  fromChecksum: 'string',
  fromVersion: 'string',
  toChecksum: 'string',
  toVersion: 'string',
  toTimeSeconds: 'number',
  source: 'string',
  notTold: 'strings?',
  rpmdbBytes: 'number?',
} as const;

export const isUpdateDetails = (value: unknown): value is UpdateDetails =>
  hasShape(value, detailsShape) &&
  areAll(value['packages'], (each) => hasShape(each, { kind: 'string', name: 'string', arch: 'string' })) &&
  areAll(value['advisories'], (each) => hasShape(each, { id: 'string', kind: 'string', severity: 'string' })) &&
  areAll(value['releases'], (each) => hasShape(each, { version: 'string', checksum: 'string', timeSeconds: 'number' })) &&
  optional(value['sizes'], isSizes) &&
  areSignatures(value['signatures']);

export const isFinalizeFailure = (value: unknown): value is FinalizeFailure =>
  hasShape(value, { at: 'number', text: 'string', version: 'string' });
