// SPDX-License-Identifier: LGPL-2.1-or-later
// The service that test/bench/app.bench.mjs gives the app: an update of 200 packages, at once. Says on stdout when the window shows it.
import { app, BrowserWindow } from 'electron';

const sum = (letter) => letter.repeat(64);
const now = Math.floor(Date.now() / 1000);
const signature = {
  type: 'gpg',
  valid: true,
  keyId: '0123456789ABCDEF',
  fingerprint: '',
  keyMissing: false,
  keyExpired: false,
  keyRevoked: false,
  signatureExpired: false,
};
const sizes = {
  downloadBytes: 48e6,
  downloadExact: true,
  downloadObjects: 800,
  diskBytes: 120e6,
  installedDeltaBytes: 0,
  freeBytes: 20e9,
};
const booted = {
  id: `bench-${sum('a')}.0`,
  osname: 'bench',
  checksum: sum('a'),
  serial: 0,
  bootChecksum: sum('9'),
  index: 0,
  booted: true,
  staged: false,
  pinned: false,
  rollback: false,
  finalizationLocked: false,
  unlocked: 'none',
  version: '1',
  timestamp: now - 9e5,
  deployedAt: now - 9e5,
  origin: { refspec: 'bench:bench', remote: 'bench', ref: 'bench', requestedPackages: [] },
  signatures: [signature],
  verified: true,
  kernelArgs: [],
  bootConfig: {},
  commitMeta: {},
  commitPresent: true,
};
const packages = Array.from({ length: 200 }, (_, index) => ({
  kind: 'upgraded',
  name: `package-${index}`,
  arch: 'x86_64',
  from: { name: `package-${index}`, arch: 'x86_64', epoch: 0, version: '1', release: '1' },
  to: { name: `package-${index}`, arch: 'x86_64', epoch: 0, version: '2', release: '1' },
  changelog: [{ timeSeconds: now, author: 'Bench', text: '- A line' }],
}));
const snapshot = {
  service: { kind: 'treeline', version: '0' },
  hostname: 'bench',
  osname: 'bench',
  prettyName: 'Bench 1',
  simulated: false,
  deployments: [booted],
  check: {
    kind: 'available',
    checkedAt: now,
    update: {
      checksum: sum('b'),
      version: '2',
      timestamp: now,
      refspec: 'bench:bench',
      counts: { upgraded: 200, downgraded: 0, added: 0, removed: 0 },
      security: { count: 0, worst: 'none' },
      sizes,
      signatures: [signature],
      rolledBackFrom: false,
    },
  },
  automaticUpdatePolicy: 'none',
  pastJobs: [],
};
const details = {
  fromChecksum: sum('a'),
  fromVersion: '1',
  toChecksum: sum('b'),
  toVersion: '2',
  toTimeSeconds: now,
  packages,
  advisories: [],
  releases: [],
  sizes,
  signatures: [signature],
  source: 'treeline.changes',
};

/** Resolves in the page once rows of the package list have been painted. */
const painted = `new Promise((resolve) => {
  const look = () => (document.querySelectorAll('[role=row]').length > 3 ? requestAnimationFrame(() => resolve(true)) : requestAnimationFrame(look));
  look();
})`;

app.on('browser-window-created', (_event, window) => {
  window.webContents.once('did-finish-load', () => {
    void window.webContents.executeJavaScript(painted).then(() => process.stdout.write(`filled ${BrowserWindow.getAllWindows().length}\n`));
  });
});

export function createHostClient() {
  const nothing = () => () => undefined;
  return {
    snapshot: async () => snapshot,
    onSnapshot: nothing,
    onJob: nothing,
    updateDetails: async () => details,
    close: () => undefined,
  };
}
