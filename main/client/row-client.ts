// SPDX-License-Identifier: LGPL-2.1-or-later
import type { AnswerOf, Gives, MethodOf, Options, Told, treelineOsInterface, treelineSysrootInterface } from '../../shared/dbus/index.ts';
import type { JobState, OptionsGiven } from '../../shared/domain/index.ts';

/** The interfaces of ours, which a stock daemon hasn't. */
export type Ours = typeof treelineOsInterface | typeof treelineSysrootInterface;

/** Those for which the client does more than its row says: they are in api.ts. */
type WrittenOut =
  | 'Cancel'
  | 'Check'
  | 'CompareDeployments'
  | 'DiskUse'
  | 'DropUpload'
  | 'EtcFile'
  | 'History'
  | 'ImportKey'
  | 'JobResult'
  | 'LastError'
  | 'OpenUpload'
  | 'Restart'
  | 'Snapshot'
  | 'TreeDiff'
  | 'UpdateDetails'
  | 'WriteUpload';

type Given<T> = T extends bigint ? number : T extends Options ? OptionsGiven : T;
type Arg<Text extends string> = Text extends `a{sv} ${string}`
  ? [options?: OptionsGiven]
  : Text extends `${infer Type} ${string}?`
    ? [value?: Given<Told<Type>>]
    : Text extends `${infer Type} ${string}`
      ? [value: Given<Told<Type>>]
      : [];
/** Arguments of a row as code passes them: options by their camel-case names, times as numbers; what may be empty may be left out. */
export type RowArgs<Text extends string> = Text extends `${infer Head}, ${infer Tail}` ? [...Arg<Head>, ...RowArgs<Tail>] : Arg<Text>;

type Row<I extends Ours, M extends MethodOf<I>> = I['methods'][M] extends {
  readonly input: infer Input extends string;
  readonly output: infer Output;
}
  ? (
      ...args: RowArgs<Input>
    ) => Output extends '' ? Promise<void> : Promise<Output extends 's transaction_address' ? Ended<AnswerOf<I, M>> : Gives<I, M>[0]>
  : never;
/** What a job that has ended gives. */
type Ended<Answer> = [Answer] extends [never] ? JobState : Answer;
type Rows<I extends Ours> = { readonly [M in Exclude<MethodOf<I>, WrittenOut> as Uncapitalize<M>]: Row<I, M & MethodOf<I>> };

/**
 * A method for each row of our interfaces, named as the row. It asks and resolves with what the row says; for a method that starts a job with that job at its
 * end, or with the job's answer. Of a stock daemon: `service.lacks`.
 */
export type RowClient = Rows<typeof treelineSysrootInterface> & Rows<typeof treelineOsInterface>;
