// SPDX-License-Identifier: LGPL-2.1-or-later
import { jsonSchemas } from '../../engine/compose/build/index.ts';
import { buildProgram } from '../program.ts';
import { commandTree } from './command-tree.ts';
import { composeReference } from './compose-reference.ts';

/** What the checkout holds that is made from the code: text by path. */
export async function documents(): Promise<Record<string, string>> {
  const schemas = Object.entries(jsonSchemas()).map(([name, schema]): [string, string] => [
    `assets/schemas/${name}`,
    `${JSON.stringify(schema, null, 2)}\n`,
  ]);
  return {
    'docs/compose-reference.md': composeReference(commandTree(await buildProgram())),
    ...Object.fromEntries(schemas),
  };
}
