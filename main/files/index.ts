export { appendLasting, atomicFile, syncDirectory, tryAtomicFile, type AtomicFileOptions } from './atomic-file.ts';
