// SPDX-License-Identifier: LGPL-2.1-or-later
import type { FoundPackage } from '../../shared/domain/index.ts';
import { valueIn } from './ask.ts';
import type { Dict } from './decode.ts';

/** A dictionary of GetPackages, WhatProvides and Search. */
export function decodePackage(dict: Dict): FoundPackage {
  const text = (key: string): string => valueIn(dict[key], 's') ?? '';
  const evr = text('evr');
  const key = valueIn(dict['key'], 's');
  return {
    name: text('name'),
    epoch: Number(valueIn(dict['epoch'], 't') ?? 0),
    version: text('version'),
    release: evr.slice(evr.lastIndexOf('-') + 1),
    arch: text('arch'),
    repo: text('reponame'),
    summary: text('summary'),
    ...(key === undefined ? {} : { key }),
  };
}
