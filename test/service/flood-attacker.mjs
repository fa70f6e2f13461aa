// SPDX-License-Identifier: LGPL-2.1-or-later
// An ordinary user who wants the service to have no time for others. Not our own client: dbus-next, and bytes by hand for the sockets of jobs.
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import dbus from 'dbus-next';

// `reads` or `jobs`: limits are by user, and who fills his own with questions gets no jobs
const [seconds, mode] = process.argv.slice(2);
const endAt = Date.now() + Number(seconds) * 1000;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const os = '/org/projectatomic/rpmostree1/testos';
const counts = { held: 0, started: 0, reads: 0, long: 0, malformed: 0, halfOpen: 0, refused: {} };
const limited = 'org.freedesktop.DBus.Error.LimitsExceeded';
/** On a busy machine the time alone is no attack: each of its kinds has to have come about. */
const attacked = () =>
  mode === 'reads'
    ? counts.reads > 100 && counts.long > 0 && counts.refused[limited] > 0
    : counts.held && counts.started && counts.malformed;
const going = () => Date.now() < endAt || !attacked();

async function bus() {
  const connection = dbus.systemBus();
  connection.on('error', () => undefined);
  await new Promise((resolve) => connection.once('connect', resolve));
  return connection;
}

/** Undefined when refused. */
async function ask(connection, member, signature, body, iface = 'org.treeline.OS1', path = os) {
  const message = new dbus.Message({ destination: 'org.projectatomic.rpmostree1', path, interface: iface, member, signature, body });
  try {
    return (await Promise.race([connection.call(message), pause(30_000)]))?.body[0];
  } catch (error) {
    counts.refused[error.type] = (counts.refused[error.type] ?? 0) + 1;
    await pause(5);
    return undefined;
  }
}

/** A socket of a job, past the handshake; bytes are sent as they are. */
function peer(address, bytes, keepMs) {
  return new Promise((resolve) => {
    const socket = connect({ path: /path=([^,]+)/.exec(address)[1] }, () => socket.write(bytes));
    socket
      .on('error', () => undefined)
      .on('close', resolve)
      .resume();
    setTimeout(() => socket.destroy(), keepMs);
  });
}

const hello = '\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n';
const hex = (text) => Buffer.from(text, 'hex');
const { marshallMessage } = createRequire(import.meta.url)('dbus-next/lib/marshall-compat.js');
function marshallStart() {
  return marshallMessage({
    type: 1,
    flags: 0,
    serial: 1,
    path: '/',
    interface: 'org.projectatomic.rpmostree1.Transaction',
    member: 'Start',
    signature: '',
    body: [],
  });
}

/** A variant that holds an array of empty structures: 8 bytes of endlessly many. In place of one that holds a string of 15 letters. */
const endless = Buffer.from(
  marshallMessage({
    type: 1,
    flags: 0,
    serial: 1,
    path: '/',
    member: 'Ping',
    signature: 'v',
    body: [new dbus.Variant('s', 'x'.repeat(15))],
  })[0],
);
const variantAt = endless.lastIndexOf('\x01s\0', undefined, 'latin1');
Buffer.from([3, 0x61, 0x28, 0x29, 0, 0, 0, 0, 8, ...Array.from({ length: 15 }, () => 0)]).copy(endless, variantAt);

/** The beginning of a message of 60,000 bytes. */
const begun = hex('6c01000160ea00000100000018000000');

async function hold() {
  const connection = await bus();
  // who fills all of his places at once gets none for the rest, until half a minute later
  while (!counts.started || !counts.malformed) await pause(20);
  // equal questions would be one job
  for (let limit = 1; going(); limit++) {
    if ((await ask(connection, 'RemoteVersions', 'sua{sv}', ['test:test/stable', limit, {}])) !== undefined) counts.held += 1;
  }
}

async function runJobs() {
  const connection = await bus();
  while (going()) {
    const address = await ask(connection, 'FetchReview', 'sa{sv}', ['', {}]);
    if (address === undefined) continue;
    const [message] = marshallStart();
    await peer(address, Buffer.concat([Buffer.from(hello), message]), 700);
    counts.started += 1;
  }
}

async function damage() {
  const connection = await bus();
  while (going()) {
    const address = await ask(connection, 'RemoteRefs', 'sa{sv}', ['test', {}]);
    if (address === undefined) continue;
    await Promise.all([
      peer(address, Buffer.concat([Buffer.from(hello), endless]), 300),
      peer(address, Buffer.concat([Buffer.from(hello), begun]), 300),
      ...Array.from({ length: 20 }, () => peer(address, 'AUTH', 300)),
    ]);
    counts.malformed += 1;
    counts.halfOpen += 21;
  }
}

async function read() {
  const connection = await bus();
  const one = async (index) => {
    for (let round = 0; going(); round++) {
      await ask(connection, 'EtcFile', 'ss', ['', `vendor.conf${(index * 7 + round) % 3 ? round : ''}`]);
      counts.reads += 1;
    }
  };
  await Promise.all(Array.from({ length: 50 }, (_, index) => one(index)));
}

async function shout() {
  const connection = await bus();
  const long = 'x'.repeat(10 << 20);
  while (going()) {
    await ask(
      connection,
      'RegisterClient',
      'a{sv}',
      [{ id: new dbus.Variant('s', long) }],
      'org.projectatomic.rpmostree1.Sysroot',
      `${os.slice(0, -6)}Sysroot`,
    );
    await ask(connection, 'Upgrade', 'a{sv}', [{ toString: new dbus.Variant('s', long) }], 'org.projectatomic.rpmostree1.OS');
    counts.long += 2;
    await pause(100);
  }
}

console.log('ready');
await Promise.all(mode === 'reads' ? [shout(), ...Array.from({ length: 10 }, read)] : [hold(), hold(), runJobs(), damage(), damage()]);
console.log(JSON.stringify(counts));
process.exit(0);
