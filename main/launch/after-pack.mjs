// SPDX-License-Identifier: LGPL-2.1-or-later
// electron-builder calls this once the application folder is complete, before the fuses are set.
import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';

/** Electron’s stand-in application has no place beside ours (`treeline-app /some/path` would run it), nor has the mark of the repacked runtime. */
export default function afterPack({ appOutDir }) {
  for (const name of ['resources/default_app.asar', '.complete']) {
    const file = path.join(appOutDir, name);
    if (existsSync(file)) rmSync(file);
  }
}
