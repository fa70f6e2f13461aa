// SPDX-License-Identifier: LGPL-2.1-or-later
import path from 'node:path';

/** The name in /usr/bin under which it was started. Scripts of rpm-ostree's users find what they look for under that name. */
export const invokedName = path.basename(process.argv[1] ?? '') === 'rpm-ostree' ? 'rpm-ostree' : 'treeline';
