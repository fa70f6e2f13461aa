// SPDX-License-Identifier: LGPL-2.1-or-later
import { expect, test } from 'vitest';
import { jobHandlers } from '../../../main/helper/job-methods.ts';
import type { AnyPlan } from '../../../main/helper/job-plan.ts';
import type { Call, Handlers } from '../../../main/helper/dispatcher.ts';
import { iface, osInterface, Variant } from '../../../shared/dbus/index.ts';
import type { MethodSpec } from '../../../shared/dbus/table.ts';

const yes = new Variant('b', true);
const words = (...list: string[]): Variant => new Variant('as', list);

/** The plan that a call becomes, and who it registers. */
async function planOf(
  method: string,
  args: readonly unknown[],
  of: keyof Handlers = iface.os,
): Promise<Partial<AnyPlan> & { drivers: readonly string[] }> {
  const plans: AnyPlan[] = [];
  const drivers: string[] = [];
  const launch = (_: Call, made: AnyPlan): Promise<string> => {
    plans.push(made);
    return Promise.resolve('');
  };
  const config = { automaticUpdatePolicy: 'stage', layeringLockedBy: undefined, recommends: true } as const;
  const handlers = jobHandlers(
    '/',
    launch,
    () => config,
    (path) => Promise.resolve(path),
    (name) => drivers.push(name),
    (_, handles) => handles.map((handle) => ({ path: `/uploads/${handle}`, name: handle })),
  );
  const handler: unknown = Reflect.get(handlers[of] ?? {}, method);
  if (typeof handler === 'function') await Reflect.apply(handler, undefined, [{ args, object: { osname: 'testos' } }]);
  return { ...plans[0], drivers };
}

const updateDeployment = (modifiers: object, options: object): ReturnType<typeof planOf> =>
  planOf('UpdateDeployment', [modifiers, options]);

test('whatever method’s job drops what was put onto the base, that method asks for each permission', async () => {
  const drops = { 'no-layering': yes, 'no-overrides': yes, 'no-initramfs': yes };
  const permissions = ['install-uninstall-packages', 'override', 'bootconfig'].map((name) => `org.projectatomic.rpmostree1.${name}`);
  const values: Readonly<Record<string, unknown>> = { s: 'a:b', as: [], b: false, 'a{sv}': {}, 'a{ss}': {} };
  const found: string[] = [];
  for (const [name, row] of Object.entries<MethodSpec>(osInterface.methods)) {
    if (!row.in.some((arg) => arg.name === 'options')) continue;
    const args = row.in.map((arg) => (arg.name === 'options' ? drops : values[arg.type]));
    const { params } = await planOf(name, args);
    if (params === undefined || !('noLayering' in params) || !params.noLayering) continue;
    found.push(name);
    expect(row.actions(args, { verified: true, policy: 'stage' }), name).toEqual(expect.arrayContaining(permissions));
  }
  expect(found.sort()).toEqual([
    'AutomaticUpdateTrigger',
    'Deploy',
    'PkgChange',
    'Rebase',
    'SetInitramfsState',
    'UpdateDeployment',
    'Upgrade',
  ]);
});

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

test('descriptors are refused with what to do instead; what was sent goes to the job', async () => {
  await expect(updateDeployment({ 'install-local-packages': new Variant('ah', [0]) }, {})).rejects.toMatchObject({
    code: 'not-supported',
    report: { detail: expect.stringContaining('OpenUpload') },
  });
  const sent = { 'treeline-install-uploads': new Variant('as', ['a']), 'treeline-override-replace-uploads': new Variant('as', ['b', 'c']) };
  const file = (name: string): object => ({ path: `/uploads/${name}`, name });
  expect(await updateDeployment(sent, {})).toMatchObject({
    params: { brought: { install: [file('a')], installForced: [], replace: [file('b'), file('c')] } },
    title: 'install; install: 1; override replace: 2',
    uploads: ['a', 'b', 'c'],
  });
});

test('a plan, for which nobody is asked, obeys no option that would need a permission', async () => {
  const options = { 'no-layering': yes, 'no-overrides': yes, 'without-packages': words('vim'), enablerepo: words('updates') };
  const { params } = await planOf('PlanPackages', [{ 'install-packages': words('htop') }, options], iface.treelineOs);
  expect(params).toMatchObject({ noPullBase: true, dryRun: true, noLayering: false, noOverrides: false, change: { install: ['htop'] } });
  expect(params).toMatchObject({ withoutPackages: undefined, enablerepo: undefined });
});
