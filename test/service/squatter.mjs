// SPDX-License-Identifier: LGPL-2.1-or-later
// Owns the service's name as somebody who isn't root, with a library that isn't ours.
import dbus from 'dbus-next';

const bus = dbus.systemBus();
await bus.requestName('org.projectatomic.rpmostree1', 0);
