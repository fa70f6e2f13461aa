import { Bus, iface, serviceName, Variant, type DbusMessage } from '../../shared/dbus/index.ts';
import { os, sysroot } from './peer.ts';

/** Answers like a stock rpm-ostreed with two deployments and an update: only its own interfaces, no org.treeline. */
export async function startStockDaemon(address: string): Promise<Bus> {
  const bus = await Bus.connect(address);
  const deployment = (id: string, version: string, booted: boolean): Record<string, Variant> => ({
    id: new Variant('s', `testos-${id}.0`),
    osname: new Variant('s', 'testos'),
    checksum: new Variant('s', id),
    version: new Variant('s', version),
    timestamp: new Variant('t', 1795600963n),
    serial: new Variant('i', 0),
    booted: new Variant('b', booted),
    origin: new Variant('s', 'test:test/stable'),
    packages: new Variant('as', []),
    unlocked: new Variant('s', 'none'),
  });
  const first = deployment('a'.repeat(64), '1', true);
  const second = deployment('b'.repeat(64), '0', false);
  const upgraded = [[0, 'kernel', ['1.0-1', 'x86_64'], ['2.0-1', 'x86_64']]];
  const update = {
    checksum: new Variant('s', 'c'.repeat(64)),
    version: new Variant('s', '2'),
    timestamp: new Variant('t', 1795600981n),
    'rpm-diff': new Variant('a{sv}', { upgraded: new Variant('a(us(ss)(ss))', upgraded), added: new Variant('a(usss)', []) }),
  };
  const properties: Readonly<Record<string, Record<string, Variant>>> = {
    [iface.sysroot]: {
      Booted: new Variant('o', os),
      Deployments: new Variant('aa{sv}', [first, second]),
      ActiveTransaction: new Variant('(sss)', ['', '', '']),
      ActiveTransactionPath: new Variant('s', ''),
      AutomaticUpdatePolicy: new Variant('s', 'check'),
    },
    [iface.os]: {
      Name: new Variant('s', 'testos'),
      BootedDeployment: new Variant('a{sv}', first),
      RollbackDeployment: new Variant('a{sv}', second),
      CachedUpdate: new Variant('a{sv}', update),
    },
  };
  const diff = [
    [
      'kernel',
      2,
      {
        PreviousPackage: new Variant('(sss)', ['kernel', '1:1.0-1', 'x86_64']),
        NewPackage: new Variant('(sss)', ['kernel', '1:2.0-1', 'x86_64']),
      },
    ],
  ];
  const answer = (call: DbusMessage): [string, unknown[]] | undefined => {
    switch (`${call.path} ${call.member}`) {
      case `${sysroot} RegisterClient`:
        return ['', []];
      case `${sysroot} GetOS`:
        return ['o', [os]];
      case `${sysroot} GetAll`:
      case `${os} GetAll`:
        return ['a{sv}', [properties[call.body[0] as string] ?? {}]];
      case `${os} GetDeploymentsRpmDiff`:
        return ['a(sua{sv})', [diff]];
      default:
        return undefined;
    }
  };
  bus.connection.onCall = (call) => {
    const reply = answer(call);
    if (reply) bus.connection.reply(call, ...reply);
    else if (call.member === 'Upgrade') {
      bus.connection.replyError(call, 'org.projectatomic.rpmostreed.Error.UpdateInProgress', 'Transaction in progress: deploy');
    } else bus.connection.replyError(call, 'org.freedesktop.DBus.Error.UnknownMethod', `No such method “${call.member}”`);
  };
  if (!(await bus.ownName(serviceName))) throw new Error(`${serviceName} is taken`);
  return bus;
}
