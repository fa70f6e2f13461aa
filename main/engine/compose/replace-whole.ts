import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { TreelineError } from '../../../shared/errors/index.ts';

/** Write a file so that it is there whole or not at all. Throws file.unwritable. */
export function replaceWhole(file: string, text: string): void {
  const draft = `${file}.${process.pid}.new`;
  try {
    writeFileSync(draft, text);
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    throw new TreelineError('file.unwritable', { subject: file, detail: (error as Error).message });
  }
}
