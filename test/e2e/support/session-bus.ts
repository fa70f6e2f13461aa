// SPDX-License-Identifier: LGPL-2.1-or-later
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { Bus, type DbusMessage } from '../../../shared/dbus/index.ts';

export interface SessionBus {
  readonly address: string;
  readonly bus: Bus;
  close(): void;
}

/** A session bus of the person's own (the app and this test may be of different users), on which the test plays a part of the desktop. */
export async function sessionBus(folder: string, answer: (bus: Bus, call: DbusMessage) => void): Promise<SessionBus> {
  const config = path.join(folder, 'bus.conf');
  writeFileSync(
    config,
    `<busconfig><type>session</type><listen>unix:path=${path.join(folder, 'bus')}</listen><auth>EXTERNAL</auth>
     <policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/></policy></busconfig>`,
  );
  const daemon = spawn('dbus-daemon', ['--nofork', '--print-address', `--config-file=${config}`], { stdio: ['ignore', 'pipe', 'inherit'] });
  const address = await new Promise<string>((resolve, reject) => {
    daemon.once('error', reject);
    daemon.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString().trim()));
  });
  const bus = await Bus.connect(address);
  bus.connection.onCall = (call) => answer(bus, call);
  return {
    address,
    bus,
    close() {
      bus.close();
      daemon.kill();
    },
  };
}
