// SPDX-License-Identifier: LGPL-2.1-or-later
import { TreelineError, type ErrorReport } from '../../../../shared/errors/index.ts';

/** Replace `${name}` by a variable's value. An unknown name is an error at `where`, with the names that exist. */
export function substitute(text: string, variables: Readonly<Record<string, unknown>>, where: Partial<ErrorReport>): string {
  return text.replace(/\$\{([^}]*)\}/g, (_, name: string) => {
    const value = variables[name];
    if (value === undefined)
      throw new TreelineError('treefile.invalid-value', {
        ...where,
        detail: `there is no variable “${name}”; there are: ${Object.keys(variables).sort().join(', ')}`,
      });
    return String(value);
  });
}
