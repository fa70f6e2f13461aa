// SPDX-License-Identifier: LGPL-2.1-or-later
/** D-Bus specification, "Valid Object Paths" and "Valid Names". */

const maxNameBytes = 255;
const interfacePattern = /^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+$/;
const memberPattern = /^[A-Za-z_]\w*$/;
const uniquePattern = /^:[\w-]+(?:\.[\w-]+)+$/;
const wellKnownPattern = /^[A-Za-z_-][\w-]*(?:\.[A-Za-z_-][\w-]*)+$/;
const pathPattern = /^\/(?:\w+(?:\/\w+)*)?$/;

export const isObjectPath = (text: string): boolean => pathPattern.test(text);
/** Of errors, too: they follow the same rules. */
export const isInterfaceName = (text: string): boolean => text.length <= maxNameBytes && interfacePattern.test(text);
export const isMemberName = (text: string): boolean => text.length <= maxNameBytes && memberPattern.test(text);
export const isBusName = (text: string): boolean =>
  text.length <= maxNameBytes && (text.startsWith(':') ? uniquePattern : wellKnownPattern).test(text);
