// SPDX-License-Identifier: LGPL-2.1-or-later
// docs/dbus.md and the interface files: what other programs' authors need, made from the tables that the service works by.
import { actionTable, type ActionId } from '../actions.ts';
import { introspectionXml } from '../introspect.ts';
import { iface, serviceName, sysrootPath, treelineName } from '../names.ts';
import { optionTable } from '../options.ts';
import { osExperimentalInterface, osInterface, sysrootInterface, transactionInterface } from '../rpmostree1.ts';
import type { ArgSpec, InterfaceSpec, MethodSpec } from '../table.ts';
import { treelineOsInterface, treelineSysrootInterface } from '../treeline1.ts';

/** What the sources say of each member, by its name: the comments of the tables. */
export type Words = ReadonlyMap<string, string>;

const ours = [treelineSysrootInterface, treelineOsInterface];
const theirs = [sysrootInterface, osInterface, osExperimentalInterface, transactionInterface];

/** The interface files that are installed to /usr/share/dbus-1/interfaces, by name. */
export function interfaceFiles(): Record<string, string> {
  const files: (readonly [string, readonly InterfaceSpec[]])[] = [
    [serviceName, theirs],
    ...ours.map((spec): readonly [string, readonly InterfaceSpec[]] => [spec.name, [spec]]),
  ];
  return Object.fromEntries(files.map(([name, list]) => [`${name}.xml`, introspectionXml(list, [])]));
}

const cell = (text: string): string => text.replace(/\|/g, '\\|').replace(/\s*\n\s*/g, ' ');
const row = (...cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
const listOf = (args: readonly ArgSpec[]): string => args.map(({ type, name }) => `${type} ${name}`).join(', ');

/** An argument that asks for nothing special: which permission the plain call needs. */
function plain({ type }: ArgSpec): unknown {
  if (type.startsWith('a{')) return {};
  if (type.startsWith('a')) return [];
  return type === 'b' ? false : type === 's' || type === 'o' ? '' : type === 't' || type === 'x' ? 0n : 0;
}

function permission(method: MethodSpec): string {
  if (method.reads) return 'none';
  const actions: readonly ActionId[] = method.actions(method.in.map(plain), { verified: true, policy: 'none' });
  return actions.map((id) => `\`${id}\` (${actionTable[id].active.replace(/_/g, ' ')})`).join(', ');
}

function section(spec: InterfaceSpec, words: Words): string[] {
  const methods = Object.entries(spec.methods).map(([name, method]) => {
    const answer = method.out.length > 0 ? ` → ${listOf(method.out)}` : '';
    const text = [words.get(name) ?? '', method.supported ? '' : 'Refused: not in this version.'].filter(Boolean).join(' ');
    return row(`\`${name}(${listOf(method.in)})${answer}\``, text, permission(method));
  });
  const signals = Object.entries(spec.signals).map(([name, args]) => row(`\`${name}(${listOf(args)})\``, words.get(name) ?? ''));
  const properties = Object.entries(spec.properties).map(([name, type]) => row(`\`${name}\``, `\`${type}\``, words.get(name) ?? ''));
  return [
    `## ${spec.name}`,
    '',
    ...[row('Method', 'What it is', 'Permission (active session)'), row('---', '---', '---'), ...methods, ''],
    ...(properties.length > 0 ? [row('Property', 'Type', 'What it is'), row('---', '---', '---'), ...properties, ''] : []),
    ...(signals.length > 0 ? [row('Signal', 'What it says'), row('---', '---'), ...signals, ''] : []),
  ];
}

/** docs/dbus.md. */
export function dbusPage(words: Words, wordsOfTheirs: Words): string {
  const options = Object.entries(optionTable).map(([name, option]) =>
    row(`\`${name}\``, `\`${option.type}\``, option.about, 'ours' in option ? 'Treeline only' : 'rpm-ostreed, too'),
  );
  return [
    '# The service on the bus',
    '',
    '<!-- Made by `npm run docs` from the tables that the service works by. Don’t edit. -->',
    '',
    `The service owns \`${serviceName}\` with rpm-ostree’s interfaces, and \`${treelineName}\`, by which a client tells that it is Treeline. The sysroot is`,
    `\`${sysrootPath}\`; \`GetOS\` of \`${iface.sysroot}\` gives the object of a stateroot. Interface files are in`,
    '`/usr/share/dbus-1/interfaces`. What is called `json` is one JSON document of the type that is named; types are those of `shared/domain`.',
    '',
    'A method with a `transaction_address` starts nothing: connect to that socket, call `Start` there, and wait for `Finished`. Permissions are polkit',
    'actions; the default for the active session stands in brackets, and some options need more (rebooting needs `org.treeline.restart`). An error has a',
    'name and one line of text; `LastError` gives the caller’s last one whole, with subject, detail and facts.',
    '',
    ...ours.flatMap((spec) => section(spec, words)),
    ...theirs.flatMap((spec) => section(spec, wordsOfTheirs)),
    '## Options',
    '',
    'Names in an `a{sv}`. A known one of another type is refused; unknown ones are let through.',
    '',
    ...[row('Option', 'Type', 'Meaning', 'Understood by'), row('---', '---', '---', '---'), ...options, ''],
  ].join('\n');
}
