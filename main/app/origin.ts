// SPDX-License-Identifier: LGPL-2.1-or-later
/** Given to the build of `npm run dev` alone: where Vite serves the renderer, with no path. */
declare const TREELINE_DEV_SERVER: string | undefined;
const devServer = typeof TREELINE_DEV_SERVER === 'undefined' ? '' : TREELINE_DEV_SERVER;

/** The one origin of the window: everything it loads and every sender of IPC has it. */
export const appScheme = 'app';
export const appHost = 'treeline';
export const appOrigin = `${appScheme}://${appHost}`;
export const appUrl = `${devServer || appOrigin}/index.html`;

/** True for a URL inside our own scheme and host, whatever its path. */
export function isOwnUrl(url: string): boolean {
  try {
    const { protocol, host } = new URL(url);
    // its web socket, too, by which Vite tells what changed
    if (devServer !== '') return host === new URL(devServer).host;
    return protocol === `${appScheme}:` && host === appHost;
  } catch {
    return false;
  }
}
