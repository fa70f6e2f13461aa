// SPDX-License-Identifier: LGPL-2.1-or-later
import { BlockList, isIP } from 'node:net';

const port = (url: URL): string => (url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port);

const isLoopback = (host: string): boolean => host === 'localhost' || /^127(?:\.\d+){3}$/.test(host) || host === '::1';

/** Whether an entry of no_proxy means a host: `*`, an address or a network of addresses, a domain with all below it, each perhaps with a port. */
function isMeant(entry: string, host: string, hostPort: string): boolean {
  if (entry === '*') return true;
  const network = /^(.*)\/(\d{1,3})$/.exec(entry);
  if (network) {
    const kind = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4');
    const [, base = '', bits = ''] = network;
    if (isIP(base) === 0 || isIP(host) === 0 || Number(bits) > (isIP(base) === 6 ? 128 : 32)) return false;
    const list = new BlockList();
    list.addSubnet(base, Number(bits), kind(base));
    return list.check(host, kind(host));
  }
  const [, name = '', only] = /^(.*?)(?::(\d+))?$/.exec(isIP(entry) === 6 ? `[${entry}]` : entry) ?? [];
  const domain = name.replace(/^\*?\./, '').replace(/^\[(.*)\]$/, '$1');
  return (only === undefined || only === hostPort) && (host === domain || host.endsWith(`.${domain}`));
}

/** The proxy for an address by the usual variables, as containers' tools take them: never for this machine itself. */
export function proxyFor(url: URL, env: Readonly<Record<string, string | undefined>>): string | undefined {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  const value = (name: string): string => (env[name] ?? env[name.toUpperCase()] ?? '').trim();
  const proxy = value(url.protocol === 'https:' ? 'https_proxy' : 'http_proxy');
  if (proxy === '' || isLoopback(host)) return undefined;
  const none = value('no_proxy')
    .toLowerCase()
    .split(/[\s,]+/);
  if (none.some((entry) => entry !== '' && isMeant(entry, host, port(url)))) return undefined;
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(proxy) ? proxy : `http://${proxy}`;
}
