// SPDX-License-Identifier: LGPL-2.1-or-later
/** The one origin of the window: everything it loads and every sender of IPC has it. */
export const appScheme = 'app';
export const appHost = 'treeline';
export const appOrigin = `${appScheme}://${appHost}`;
export const appUrl = `${appOrigin}/index.html`;

/** True for a URL inside our own scheme and host, whatever its path. */
export function isOwnUrl(url: string): boolean {
  try {
    const { protocol, host } = new URL(url);
    return protocol === `${appScheme}:` && host === appHost;
  } catch {
    return false;
  }
}
