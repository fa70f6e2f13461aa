// SPDX-License-Identifier: LGPL-2.1-or-later
import { guarded, read, type InterfaceSpec } from './table.ts';
import { first } from './validate.ts';
import { chunkProblem, uploadNameProblem, uploadProblem, uploadSizeProblem } from './validate-packages.ts';

/**
 * Members of org.treeline.OS1 by which package files are sent where descriptors can't be. An upload is the connection's own and goes with it; UpdateDeployment
 * names it (`treeline-install-uploads` and the like), and asks for the permission to install it.
 */
export const uploadMethods = {
  /** Begin to send a file. `name`: what messages call it. */
  OpenUpload: guarded(
    's name, t size_bytes',
    's handle',
    'org.treeline.upload',
    ([name]) => `send the file ${name} to the update service`,
    {
      what: 'Installing package files',
      problem: ([name, sizeBytes]) => first(uploadNameProblem(name), uploadSizeProblem(sizeBytes)),
      details: ([name, sizeBytes]) => ({ file: name, 'size-bytes': String(sizeBytes) }),
    },
  ),
  /** Its next bytes, in base64: at most 256 KiB at once. Only the connection that began may send them. */
  WriteUpload: read('s handle, t offset, s chunk', '', {
    what: 'Installing package files',
    problem: ([handle, , chunk]) => first(uploadProblem(handle), chunkProblem(chunk)),
  }),
  /** Forget it. */
  DropUpload: read('s handle', '', { what: 'Installing package files', problem: ([handle]) => uploadProblem(handle) }),
} as const satisfies InterfaceSpec['methods'];
