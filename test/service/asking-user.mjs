// SPDX-License-Identifier: LGPL-2.1-or-later
// Asks for jobs as an ordinary user, and stays on the bus: a line of JSON `[interface, member, signature, body]` for each, whose answer is the address of the
// job's socket or an error's text. Not our own client: dbus-next.
import { createInterface } from 'node:readline';
import dbus from 'dbus-next';

const connection = dbus.systemBus();
for await (const line of createInterface({ input: process.stdin })) {
  const [iface, member, signature, body] = JSON.parse(line);
  const target = { destination: 'org.projectatomic.rpmostree1', path: '/org/projectatomic/rpmostree1/testos' };
  const answer = await connection.call(new dbus.Message({ ...target, interface: iface, member, signature, body })).then(
    (reply) => reply.body.at(-1),
    (error) => error.message,
  );
  console.log(JSON.stringify(answer));
}
process.exit();
