// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  camelName,
  kebabName,
  optionTable,
  pullJobNames,
  specOfOption,
  type OptionName,
  type OptionsGiven,
  type OptionType,
  type OptionValue,
  type PullJobOptions,
} from '../domain/option-table.ts';
import { Variant } from './wire/variant.ts';

export { optionTable, specOfOption } from '../domain/option-table.ts';

type NamesOf<T extends string> = { [N in OptionName]: OptionType<N> extends T ? N : never }[OptionName];

export type FlagName = NamesOf<'b'>;

/** Values for an `a{sv}`. */
export type OptionValues = { readonly [N in OptionName]?: OptionValue<N> | undefined };

/** An option dictionary as received: only own keys count, whatever a peer called them. */
export type Options = Readonly<Record<string, Variant>>;

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null;
const isOptions = (value: unknown): value is Options => isRecord(value) && Object.values(value).every((each) => each instanceof Variant);

export const asOptions = (value: unknown): Options => (isOptions(value) ? value : {});

/** The value, if it is there with the type that the table gives it. */
function valueOf(options: unknown, name: OptionName): unknown {
  if (!isRecord(options) || !Object.hasOwn(options, name)) return undefined;
  const variant = options[name];
  return variant instanceof Variant && variant.signature === optionTable[name].type ? variant.value : undefined;
}

export const boolOption = (options: unknown, name: FlagName): boolean => valueOf(options, name) === true;
/** '' when it isn't there. */
export function stringOption(options: unknown, name: NamesOf<'s'>): string {
  const value = valueOf(options, name);
  return typeof value === 'string' ? value : '';
}
export function listOption(options: unknown, name: NamesOf<'as'>): readonly string[] {
  const value = valueOf(options, name);
  return Array.isArray(value) ? value.map(String) : [];
}
/** undefined when it isn't there. */
export function pairOption(options: unknown, name: NamesOf<'(ss)'>): readonly [string, string] | undefined {
  const value = valueOf(options, name);
  return Array.isArray(value) ? [String(value[0]), String(value[1])] : undefined;
}
export const hasOption = (options: unknown, name: OptionName): boolean => isRecord(options) && Object.hasOwn(options, name);

/**
 * The dictionary to send. What is undefined or empty, or false where that is the rule, isn't sent: a daemon that doesn't know it needn't refuse it.
 */
export function optionDict(values: OptionValues): Record<string, Variant> {
  const dict: Record<string, Variant> = {};
  for (const [name, value] of Object.entries(values)) {
    const spec = specOfOption(name);
    if (!spec || value === undefined || (typeof value !== 'boolean' && value.length === 0) || (value === false && !spec.falseCounts))
      continue;
    dict[name] = new Variant(spec.type, value);
  }
  return dict;
}

/** The same from options as code passes them. Throws a RangeError for what is no option. */
export function givenDict(given: OptionsGiven): Record<string, Variant> {
  const values = Object.entries(given).map(([key, value]) => [kebabName(key), value] as const);
  const foreign = values.find(([name]) => specOfOption(name) === undefined);
  if (foreign) throw new RangeError(`there is no option ${foreign[0]}`);
  return optionDict(Object.fromEntries(values));
}

/** What a job that fetches another tree has among its parameters. */
export function pullJobOptions(options: Options): PullJobOptions {
  return Object.fromEntries(
    pullJobNames.map((name) => {
      const variant = Object.hasOwn(options, name) ? options[name] : undefined;
      const { type } = specOfOption(name) ?? {};
      return [camelName(name), variant?.signature === type ? variant?.value : type === 'b' ? false : undefined];
    }),
  );
}
