// SPDX-License-Identifier: LGPL-2.1-or-later
/** Fixed ids of Debian's base-passwd that files of packages use. */
const users = new Map([
  [0, 'root'],
  [6, 'man'],
]);
const groups = new Map([
  [0, 'root'],
  [5, 'tty'],
  [8, 'mail'],
  [12, 'man'],
  [42, 'shadow'],
  [43, 'utmp'],
  [50, 'staff'],
]);

export interface Attributes {
  readonly mode?: number;
  readonly user: string;
  readonly group: string;
  /** As cap_from_text(3). */
  readonly caps?: string;
}

/** What maintainer scripts set with chown, chmod, dpkg-statoverride and setcap. */
const overrides: Readonly<Record<string, Attributes>> = {
  'usr/lib/dbus-1.0/dbus-daemon-launch-helper': { mode: 0o4754, user: 'root', group: 'messagebus' },
  'etc/polkit-1/rules.d': { mode: 0o700, user: 'polkitd', group: 'root' },
  'var/lib/polkit-1': { mode: 0o700, user: 'polkitd', group: 'polkitd' },
  'usr/bin/ping': { user: 'root', group: 'root', caps: 'cap_net_raw=ep' },
  'etc/shadow': { mode: 0o640, user: 'root', group: 'shadow' },
};

/** Owner, mode and capabilities of a file where the spec has to name them. */
export function attributesOf(file: string, uid: number, gid: number): Attributes | undefined {
  const override = overrides[file];
  if (override) return override;
  if (uid === 0 && gid === 0) return undefined;
  const [user, group] = [users.get(uid), groups.get(gid)];
  if (user === undefined || group === undefined) throw new Error(`/${file}: nobody told the name of ${uid}:${gid}`);
  return { user, group };
}
