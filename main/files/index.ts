// SPDX-License-Identifier: LGPL-2.1-or-later
export { appendLasting, atomicFile, tryAtomicFile, type AtomicFileOptions } from './atomic-file.ts';
export { parseJson, readJsonFile } from './json-file.ts';
export { hasShape, isKeyOf, isObject, isStrings, knownFields, type JsonObject } from './json-shape.ts';
export { KeyFile } from './key-file.ts';
export { privateDirectory } from './private-directory.ts';
export { readRegularFile, type ReadOptions } from './regular-file.ts';
