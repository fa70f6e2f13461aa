// SPDX-License-Identifier: LGPL-2.1-or-later
import { expect, test } from 'vitest';
import { jobHandlers, type AnyPlan } from '../../../main/helper/job-methods.ts';
import type { Call } from '../../../main/helper/dispatcher.ts';
import { iface, Variant } from '../../../shared/dbus/index.ts';

const yes = new Variant('b', true);
const words = (...list: string[]): Variant => new Variant('as', list);

/** The plan that an UpdateDeployment becomes, and who it registers. */
async function updateDeployment(modifiers: object, options: object): Promise<Partial<AnyPlan> & { drivers: readonly string[] }> {
  const plans: AnyPlan[] = [];
  const drivers: string[] = [];
  const launch = (_: Call, made: AnyPlan): Promise<string> => {
    plans.push(made);
    return Promise.resolve('');
  };
  const config = { automaticUpdatePolicy: 'none', layeringLockedBy: undefined, recommends: true } as const;
  const handlers = jobHandlers(
    '/',
    launch,
    () => config,
    (path) => Promise.resolve(path),
    (name) => drivers.push(name),
  );
  await handlers[iface.os]?.['UpdateDeployment']?.({ args: [modifiers, options], object: { osname: 'testos' } } as unknown as Call<never>);
  return { ...plans[0], drivers };
}

test('who registers as the driver of updates and asks for nothing else starts nothing else', async () => {
  const options = { 'register-driver': new Variant('s', 'zincati') };
  expect(await updateDeployment({ 'set-revision': new Variant('s', '') }, options)).toMatchObject({
    job: 'sysroot.load',
    drivers: ['zincati'],
  });
});

test('what else is asked for with it is done', async () => {
  const options = { 'register-driver': new Variant('s', 'zincati') };
  const install = { 'install-packages': words('vim') };
  expect(await updateDeployment(install, options)).toMatchObject({
    job: 'update.upgrade',
    drivers: ['zincati'],
    params: { change: { install: ['vim'] } },
  });
  expect(await updateDeployment({}, { ...options, 'no-layering': yes })).toMatchObject({
    job: 'update.upgrade',
    params: { noLayering: true },
  });
});

test('who names another base gets it, although a client also says that the base is to be kept', async () => {
  const install = { 'install-packages': words('vim') };
  const keep = { 'no-pull-base': yes };
  expect(await updateDeployment(install, keep)).toMatchObject({ params: { noPullBase: true } });
  for (const [name, text] of Object.entries({ 'set-refspec': 'a:b', 'set-revision': '1.2' }))
    expect(await updateDeployment({ ...install, [name]: new Variant('s', text) }, keep)).toMatchObject({ params: { noPullBase: false } });
});
