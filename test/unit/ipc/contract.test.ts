// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, it } from 'vitest';
import { channelOf, commandNames, commands, eventNames, events } from '../../../shared/ipc/index.ts';
import * as f from '../../e2e/support/page-fixtures.ts';

const id = f.booted.id;

describe('the IPC contract', () => {
  it('has a validator for each name and each name once', () => {
    expect(Object.keys(commands).sort()).toEqual([...commandNames].sort());
    expect(Object.keys(events).sort()).toEqual([...eventNames].sort());
    const channels = [...commandNames, ...eventNames].map(channelOf);
    // a command and an event may share a name: one is invoked, the other is sent
    expect(new Set(channels).size).toBe(new Set([...commandNames, ...eventNames]).size);
  });

  it.each([
    ['host.pin', [id, true]],
    ['host.setDefault', [id, { reboot: true }]],
    ['host.upgrade', [{ allowDowngrade: false }]],
    ['host.cleanup', [['base', 'repomd']]],
    ['host.history', [500]],
    ['host.snapshot', []],
  ] as const)('takes right arguments of %s', (name, args) => {
    expect(commands[name].args.safeParse(args).success).toBe(true);
  });

  it.each([
    ['host.pin', ['../../etc/passwd', true]],
    ['host.pin', [`${id}/../x`, true]],
    ['host.pin', [id, 1]],
    ['host.setDefault', [id]],
    ['host.upgrade', [{ allowDowngrade: 'yes' }]],
    ['host.upgrade', [{ unknown: true }]],
    ['host.cleanup', [['all']]],
    ['host.history', [0]],
    ['host.history', [Number.NaN]],
    ['host.snapshot', ['surplus']],
    ['app.copyText', [{}]],
  ] as const)('refuses wrong arguments of %s: %j', (name, args) => {
    expect(commands[name].args.safeParse(args).success).toBe(false);
  });

  it('passes whole values unchanged: no key of the domain is dropped on the way', () => {
    const snapshot = f.snapshot({
      job: f.job(),
      pastJobs: f.pastJobs,
      finalizeFailure: { at: 1, text: 'x', version: '43.2' },
      deployments: [
        f.deployment('1', 'a', {
          baseMeta: { version: { type: 's', value: '1' }, many: { type: 'aa{sv}', value: [{ id: { type: 's', value: 'r' } }] } },
          layer: {
            base: { checksum: 'c', version: '1', timestamp: 2 },
            packages: ['p'],
            modules: ['m'],
            meta: { k: { type: 'b', value: true } },
          },
          origin: {
            refspec: 'a:b',
            remote: 'a',
            ref: 'b',
            containerImageReference: 'c',
            customUrl: 'd',
            customDescription: 'e',
            overrideCommit: 'f',
            unconfiguredState: 'g',
            layering: {
              packages: ['h'],
              localPackages: ['i'],
              localFileoverrides: ['j'],
              modules: ['k'],
              removals: ['l'],
              replacements: ['m'],
              localReplacements: ['n'],
              regenerateInitramfs: true,
              initramfsArgs: ['o'],
              initramfsEtc: ['p'],
              cliwrap: true,
              unknown: ['q'],
            },
            problem: 'ambiguous',
          },
        }),
      ],
    });
    expect(commands['host.snapshot'].result.parse(snapshot)).toEqual(snapshot);
    expect(commands['host.updateDetails'].result.parse(f.details)).toEqual(f.details);
    expect(commands['host.history'].result.parse(f.historyEntries)).toEqual(f.historyEntries);
    expect(commands['host.diskUse'].result.parse(f.diskUse)).toEqual(f.diskUse);
    const checks = [
      { kind: 'never' },
      { kind: 'up-to-date', checkedAt: 5 },
      { kind: 'blocked', losses: [{ key: 'a', values: ['b'] }], error: { code: 'update.would-lose', subject: 'a' } },
      {
        kind: 'failed',
        failedAt: 5,
        since: 0,
        error: { code: 'disk.full', subject: 'a', detail: 'b', file: 'c', line: 1, column: 2, key: 'd', facts: { a: 1, b: '2' } },
        last: f.update,
      },
    ];
    for (const check of checks) expect(events['host.snapshot'].parse({ ...snapshot, check }).check).toEqual(check);
  });

  it('refuses values that break it', () => {
    const wrong = [
      { ...f.snapshot(), deployments: 'none' },
      { ...f.snapshot(), check: { kind: 'up-to-date' } },
      { ...f.snapshot(), service: { kind: 'other', version: '' } },
    ];
    for (const value of wrong) expect(events['host.snapshot'].safeParse(value).success).toBe(false);
    expect(events['host.job'].safeParse(f.job({ error: { code: 'no.such-code' } as never })).success).toBe(false);
  });
});
