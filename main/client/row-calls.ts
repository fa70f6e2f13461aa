// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  givenDict,
  treelineOsInterface,
  treelineSysrootInterface,
  type AnswerOf,
  type InterfaceSpec,
  type MethodOf,
  type MethodSpec,
  type Takes,
} from '../../shared/dbus/index.ts';
import { TreelineError } from '../../shared/errors/index.ts';
import { parseAs } from './ask.ts';
import type { Calls } from './calls.ts';
import type { Ours } from './row-client.ts';

type Asked = Readonly<Record<string, (...given: readonly unknown[]) => Promise<unknown>>>;

/** A method for each row of our interfaces, as RowClient has them. */
export function rowCalls(calls: Calls): Asked {
  const methods = [treelineSysrootInterface, treelineOsInterface].flatMap((spec: InterfaceSpec) =>
    Object.entries(spec.methods).map(([member, row]) => {
      const method = `${member.charAt(0).toLowerCase()}${member.slice(1)}`;
      return [method, (...given: readonly unknown[]) => ask(calls, spec, member, row, given)] as const;
    }),
  );
  return Object.fromEntries(methods);
}

async function ask(calls: Calls, spec: InterfaceSpec, member: string, row: MethodSpec, given: readonly unknown[]): Promise<unknown> {
  await calls.needOurs(row.what ?? member);
  const args = row.in.map(({ type, name, optional }, at) => {
    const value = given[at];
    if (type === 'a{sv}') return name === 'options' ? calls.bag(Object(value)) : givenDict(Object(value));
    if (type === 't' || type === 'x') return BigInt(Number(value));
    return value === undefined && optional ? '' : value;
  });
  if (row.output !== 's transaction_address') return (await calls.call(spec, member, args, row.reads))[0];
  return row.answer === undefined ? calls.run(row.what ?? member, spec, member, args) : answerOf(calls, spec, member, row, args);
}

/** What a job that looks has found. Rejects with the job's error. */
async function answerOf(calls: Calls, spec: InterfaceSpec, member: string, row: MethodSpec, args: readonly unknown[]): Promise<unknown> {
  const job = await calls.run(row.what ?? member, spec, member, args);
  if (job.phase !== 'succeeded') throw TreelineError.fromReport(job.error ?? { code: 'job.cancelled', subject: job.title });
  const [text] = await calls.call(treelineSysrootInterface, 'JobResult', [job.id], true);
  if (text === '') throw new TreelineError('service.unreachable', { detail: 'the service was restarted before it told what it found' });
  return parseAs(row.answer ?? '', text, member);
}

/** The same for a method that the client writes out, with the types of its row. */
export async function jobAnswer<I extends Ours, M extends MethodOf<I>>(
  calls: Calls,
  spec: I,
  member: M,
  args: Takes<I, M>,
): Promise<AnswerOf<I, M>> {
  const rows: InterfaceSpec['methods'] = spec.methods;
  const row = rows[member];
  if (!row) throw new TypeError(`${spec.name} has no ${member}`);
  return (await answerOf(calls, spec, member, row, args)) as AnswerOf<I, M>;
}
