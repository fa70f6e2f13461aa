// SPDX-License-Identifier: LGPL-2.1-or-later
// Makes the calls of a JSON list on stdin, one after the other, as whoever runs it, with a library that isn't ours. Says after each what became of it.
import { text } from 'node:stream/consumers';
import dbus from 'dbus-next';

const bus = dbus.systemBus();
await new Promise((resolve, reject) => bus.once('connect', resolve).once('error', reject));
const revive = (_key, value) =>
  value?.$variant ? new dbus.Variant(value.$variant[0], value.$variant[1]) : typeof value?.$big === 'string' ? BigInt(value.$big) : value;
for (const call of JSON.parse(await text(process.stdin), revive)) {
  const message = new dbus.Message({ destination: 'org.projectatomic.rpmostree1', ...call });
  const outcome = await bus.call(message).then(
    () => 'answered',
    (error) => error.type,
  );
  process.stdout.write(`${outcome}\n`);
}
process.exit(0);
