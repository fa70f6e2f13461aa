// SPDX-License-Identifier: LGPL-2.1-or-later
import * as z from 'zod';
import type { TreefileKey } from '../../../../shared/domain/index.ts';
import { treefileKeys } from './treefile-keys.ts';

/** Lists whose entries name packages. */
const packageKeys: ReadonlySet<string> = new Set(['packages', 'exclude-packages', 'bootstrap-packages', 'override-remove']);

/** Every key of a treefile with what its value looks like, from the table that checks them. */
export function listTreefileKeys(): TreefileKey[] {
  return Object.entries(treefileKeys).map(([name, { schema }]) => {
    const shape = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
    const kind = packageKeys.has(name) ? 'packages' : name === 'repos' || name === 'lockfile-repos' ? 'repos' : kindOf(shape);
    const values = kind === 'choice' ? (shape.enum ?? []) : kind === 'flag' ? [true, false] : [];
    return { name, kind, values: values.map(String), about: shape.description ?? '' };
  });
}

type Shape = z.core.JSONSchema.BaseSchema;

function kindOf(shape: Shape): TreefileKey['kind'] {
  if (shape.enum) return 'choice';
  // of alternatives the first is the usual way to write it
  if (shape.anyOf?.[0]) return kindOf(shape.anyOf.find((each) => each.type === 'array') ?? shape.anyOf[0]);
  switch (shape.type) {
    case 'boolean':
      return 'flag';
    case 'integer':
    case 'number':
      return 'number';
    case 'array':
      return 'list';
    case 'object':
      return 'map';
    default:
      return 'text';
  }
}
