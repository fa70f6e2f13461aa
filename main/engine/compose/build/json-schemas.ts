// SPDX-License-Identifier: LGPL-2.1-or-later
import * as z from 'zod';
import { extensionsSchema } from './extensions.ts';
import { lockfileSchema } from '../treefile/lockfile.ts';
import { aliases, refusedKeys, treefileKeys } from '../treefile/treefile-keys.ts';

type Schema = z.core.JSONSchema.BaseSchema;

/** draft-07 is what editors know best. What a check does beyond the shape of a value isn't in it. */
const schemaOf = (type: z.ZodType): Schema => {
  const { $schema: _, ...schema } = z.toJSONSchema(type, { io: 'input', target: 'draft-7', unrepresentable: 'any' });
  return schema;
};

const head = (title: string, description: string): Schema => ({ $schema: 'http://json-schema.org/draft-07/schema#', title, description });

function treefileSchema(): Schema {
  const properties: Record<string, Schema> = {};
  for (const [key, { schema }] of Object.entries(treefileKeys)) properties[key] = schemaOf(schema);
  // a treefile written in place is one like any other
  const conditions = properties['conditional-include']?.items;
  const include = typeof conditions === 'object' && !Array.isArray(conditions) ? conditions.properties?.['include'] : undefined;
  if (typeof include !== 'object' || !include.anyOf) throw new TypeError('the check of conditional-include is of another shape');
  include.anyOf = include.anyOf.map((each) => (each.type === 'object' ? { $ref: '#' } : each));
  for (const [old, key] of Object.entries(aliases))
    properties[old] = { ...properties[key], description: `Old spelling of ${key}.`, deprecated: true };
  for (const [key, reason] of Object.entries(refusedKeys)) properties[key] = { not: {}, description: `Refused: it ${reason}.` };
  return {
    ...head('Treefile', 'What a composed tree is made of (treeline compose). Files that it names lie beside it.'),
    type: 'object',
    properties,
    patternProperties: {
      '^packages-[a-z0-9_]+$': {
        ...schemaOf(treefileKeys['packages']?.schema ?? z.never()),
        description: 'Packages for one architecture.',
      },
    },
    additionalProperties: false,
  };
}

/** JSON Schemas for editors, by file name: out of the checks themselves. */
export function jsonSchemas(): Record<string, Schema> {
  return {
    'treefile.schema.json': treefileSchema(),
    'lockfile.schema.json': { ...head('Lockfile', 'Which builds of packages to take (--ex-lockfile).'), ...schemaOf(lockfileSchema) },
    'extensions.schema.json': {
      ...head('Extensions', 'Packages that can be added to a base (treeline compose extensions).'),
      ...schemaOf(extensionsSchema),
    },
  };
}
