export { atomicFile, syncDirectory, tryAtomicFile, type AtomicFileOptions } from './atomic-file.ts';
