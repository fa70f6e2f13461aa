// SPDX-License-Identifier: LGPL-2.1-or-later
import { defineConfig } from 'vitest/config';

/** A limit is for what hangs, also that of a condition that is waited for: on a busy machine a second takes many. */
const patient = { poll: { timeout: 120_000 } };
const limits = { testTimeout: 300_000, hookTimeout: 300_000 };

const suite = (name: string, extra: object = {}) => ({
  test: { name, include: [`test/${name}/**/*.test.ts`], environment: 'node', expect: patient, ...limits, ...extra },
});

/** Suites that own a bus, a sysroot or a display run one file at a time: two cores are what they were measured on. */
const serial = { fileParallelism: false };

/** A virtual machine without KVM takes its time, and before it the system is composed. */
const booted = { ...serial, testTimeout: 900_000, hookTimeout: 900_000, globalSetup: 'test/boot/support/global-setup.ts' };

const shortBoot = ['test/boot/packages.test.ts', 'test/boot/circle-short.test.ts'];

export default defineConfig({
  test: {
    projects: [
      // what many files import is loaded once for each worker: loading took most of the time
      suite('unit', { maxWorkers: 2, isolate: false }),
      suite('native', { ...serial, pool: 'forks' }),
      suite('service', serial),
      suite('pack', { ...serial, hookTimeout: 600_000 }),
      suite('boot-short', { ...booted, include: shortBoot }),
      suite('boot', { ...booted, fileParallelism: true, maxWorkers: 2, include: ['test/boot/*.test.ts'], exclude: shortBoot }),
      suite('crash', { ...serial, pool: 'forks', testTimeout: 7_200_000, hookTimeout: 600_000 }),
      suite('e2e', { ...serial, hookTimeout: 600_000 }),
    ],
  },
});
