// SPDX-License-Identifier: LGPL-2.1-or-later
import { TreelineError } from '../../../../shared/errors/index.ts';

/** NAME_MAX less what libostree puts beside it. */
const maxBytes = 200;

/**
 * The name of a stateroot is that of its directory below ostree/deploy. Returns it; throws usage.invalid for one that would be a path, or that a shell, a boot
 * entry or a status line could take for something else.
 */
export function requireStateroot(name: string): string {
  const wrong =
    name === ''
      ? 'it is empty'
      : /[/\u0000-\u0020\u007f-\u009f\u2028\u2029]/.test(name)
        ? 'it holds a slash, a blank or a control character'
        : /^[.-]/.test(name)
          ? `it begins with “${name.charAt(0)}”`
          : Buffer.byteLength(name) > maxBytes
            ? `it is longer than ${maxBytes} bytes`
            : undefined;
  if (wrong === undefined) return name;
  const detail = `${JSON.stringify(name.slice(0, 80))} is no name of a stateroot: ${wrong}`;
  throw new TreelineError('usage.invalid', { subject: 'stateroot', detail });
}
