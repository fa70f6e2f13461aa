// SPDX-License-Identifier: LGPL-2.1-or-later
/** Every bound of the service's own making, in one place. Those of the protocol itself stand beside its code. */

/** What a connection takes from its other end. */
export interface ConnectionLimits {
  /** Whole messages: calls and signals, which anybody may send. */
  readonly callBytes: number;
  /** Replies and errors, which only who was asked may send. */
  readonly replyBytes: number;
  /** Header fields of one message. */
  readonly headerBytes: number;
  /** Values in one message: a megabyte of small variants would be thirty megabytes of objects. */
  readonly values: number;
  /** Bytes that may wait for an end that doesn't read; 0 = any number. */
  readonly unreadBytes: number;
  /** How long a message may take from its first to its last byte, in milliseconds; 0 = for ever. */
  readonly messageMs: number;
  /**
   * True on a bus, which carries everybody's messages on one connection: what is wrong with one message is told in `bodyProblem` or the message
   * is left out. False on a connection to one peer: it is closed.
   */
  readonly shared: boolean;
}

const kib = 1024;
const mib = 1024 * kib;

/** The service on the bus. Its longest legitimate call trusts a keyring of 256 KiB in base64. */
export const serviceLimits: ConnectionLimits = {
  callBytes: mib,
  replyBytes: 16 * mib,
  headerBytes: 64 * kib,
  values: 65_536,
  unreadBytes: 0,
  messageMs: 0,
  shared: true,
};

/** A client's private connection to one job: it asks for properties, starts, cancels. */
export const peerLimits: ConnectionLimits = {
  callBytes: 64 * kib,
  replyBytes: 64 * kib,
  headerBytes: 16 * kib,
  values: 1024,
  unreadBytes: 4 * mib,
  messageMs: 10_000,
  shared: false,
};

/** A client: what root's service answers is taken as large as the specification allows. */
export const clientLimits: ConnectionLimits = {
  callBytes: 128 * mib,
  replyBytes: 128 * mib,
  headerBytes: mib,
  values: 20_000_000,
  unreadBytes: 0,
  messageMs: 0,
  shared: true,
};

/** The same towards the socket of a job. */
export const clientPeerLimits: ConnectionLimits = { ...clientLimits, shared: false };

/** Arguments of one call, beyond what each method says about its own. Lengths of text in UTF-16 units. */
export const argumentLimits = {
  /** Any text but a key file. */
  text: 64 * kib,
  /** Text of an option that means something here: revisions, refspecs, paths, addresses. */
  option: 4096,
  /** Elements of a list. */
  list: 4096,
  /** One element of a list. */
  element: 4096,
  /** Keys of one dictionary. */
  keys: 256,
} as const;

/** What is kept or handed on is cut at these lengths, visibly. */
export const keptLimits = {
  /** Name of a client, command line, subject in the history. */
  label: 200,
  /** Title of a job. */
  title: 300,
  /** Detail of an error, message of a job. */
  detail: 4000,
  /** One fact for polkit's rules and dialogs. */
  fact: 4000,
} as const;

/** Of one user (uid) who isn't root. */
export const userLimits = {
  /** Calls that aren't answered yet; the bus itself allows 128 a connection and 256 connections. */
  pendingCalls: 96,
  /** The same of root, whose tools run side by side. */
  pendingCallsOfRoot: 1024,
  /** Looks that wait for a worker. */
  waitingReads: 24,
  /** Jobs that were asked for and not started. */
  waitingJobs: 4,
  /** Connections to the socket of one job, and those that are still introducing themselves. */
  peerConnections: 8,
} as const;

/** Files that callers send. */
export const uploadLimits = {
  /** Of one user, whoever it is: number, and bytes together. */
  ofUser: 32,
  bytesOfUser: 2 * 1024 * mib,
  chunkBytes: 256 * kib,
  /** What stays free on their disk; of a small one a tenth. */
  keepFreeBytes: 256 * mib,
} as const;

/** Of everybody together. */
export const serviceWideLimits = {
  pendingCalls: 2048,
  waitingReads: 256,
  /** Workers that look, side by side; one of them is kept for root and the active session. */
  readWorkers: 3,
  waitingJobs: 32,
  uploads: 64,
  uploadBytes: 4 * 1024 * mib,
} as const;

/** How long a job waits for its Start(). */
export const startWithinMs = 30_000;
