// SPDX-License-Identifier: LGPL-2.1-or-later
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { rootCertificates } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { certificatesOf } from '../../main/engine/images/registry/certificates.ts';
import { parseChallenges } from '../../main/engine/images/registry/challenge.ts';
import { findLogin } from '../../main/engine/images/registry/logins.ts';
import { proxyFor } from '../../main/engine/images/registry/proxies.ts';
import { parseRegistriesConf, RegistriesConf } from '../../main/engine/images/registry/registries-conf.ts';
import { systemPlaces } from '../../main/engine/images/registry/settings.ts';
import { imageName, parseRegistryImage } from '../../main/engine/images/image-names.ts';
import { noPlaces } from '../fixtures/registry-client.ts';
import { TreelineError, type ErrorReport } from '../../shared/errors/index.ts';

let work: string;
beforeAll(() => (work = mkdtempSync(path.join(tmpdir(), 'treeline-registry-settings-'))));
afterAll(() => rmSync(work, { recursive: true }));
const write = (name: string, text: string): string => {
  mkdirSync(path.dirname(path.join(work, name)), { recursive: true });
  writeFileSync(path.join(work, name), text);
  return path.join(work, name);
};
const failure = (run: () => unknown): ErrorReport => {
  try {
    run();
  } catch (error) {
    return TreelineError.report(error);
  }
  throw new Error('it succeeded');
};
const digest = `sha256:${'a'.repeat(64)}`;

describe('registries.conf', () => {
  const conf = new RegistriesConf(
    parseRegistriesConf(
      `unqualified-search-registries = ["docker.io"]
[[registry]]
prefix = "a.test"
location = "elsewhere.test:5000/deep/er"
[[registry.mirror]]
location = "m1.test/a"
insecure = true
[[registry.mirror]]
location = "m2.test"
pull-from-mirror = "digest-only"
[[registry.mirror]]
location = "m3.test"
pull-from-mirror = "tag-only"
[[registry]]
prefix = "a.test/own"
location = "a.test/own"
insecure = true
[[registry]]
location = "by-digest.test"
mirror-by-digest-only = true
mirror = [{ location = "m.test" }]
[[registry]]
prefix = "*.wild.test"
insecure = true
[[registry]]
prefix = "x.wild.test"
blocked = true
location = "x.wild.test"
[[registry]]
prefix = "*.moved.test"
location = "one.test/all"
[[registry]]
prefix = "docker.io/library"
location = "hub.test/lib"
`,
      'r.conf',
    ),
  );
  const where = (text: string): string[] =>
    conf.endpoints(parseRegistryImage(`docker://${text}`)).map(({ image, insecure }) => `${insecure ? '!' : ''}${imageName(image)}`);

  test.each([
    ['other.test/x:1', ['other.test/x:1']],
    ['a.test/x:1', ['!m1.test/a/x:1', 'm3.test/x:1', 'elsewhere.test:5000/deep/er/x:1']],
    [`a.test/x@${digest}`, [`!m1.test/a/x@${digest}`, `m2.test/x@${digest}`, `elsewhere.test:5000/deep/er/x@${digest}`]],
    ['a.test/own/x', ['!a.test/own/x']],
    ['a.test/own:1', ['!a.test/own:1']],
    // no part of a name is a prefix
    ['a.test/owner', ['!m1.test/a/owner', 'm3.test/owner', 'elsewhere.test:5000/deep/er/owner']],
    ['a.testing/x', ['a.testing/x']],
    ['by-digest.test/x', ['by-digest.test/x']],
    [`by-digest.test/x@${digest}`, [`m.test/x@${digest}`, `by-digest.test/x@${digest}`]],
    ['y.wild.test/x', ['!y.wild.test/x']],
    ['z.y.wild.test:5000/x', ['!z.y.wild.test:5000/x']],
    ['wild.test/x', ['wild.test/x']],
    ['b.moved.test/x', ['one.test/all/x']],
    ['fedora:43', ['hub.test/lib/fedora:43']],
  ])('%s is asked for at %j', (text, expected) => {
    expect(where(text)).toEqual(expected);
  });

  test('a block counts, for reading and writing', () => {
    const image = parseRegistryImage('docker://x.wild.test/x:1');
    for (const ask of [() => conf.endpoints(image), () => conf.target(image)])
      expect(failure(ask)).toMatchObject({ code: 'registry.blocked', subject: 'x.wild.test/x:1', file: 'r.conf' });
    // writing knows no mirror and no other place
    expect(conf.target(parseRegistryImage('docker://a.test/x'))).toEqual({ image: { host: 'a.test', name: 'x' }, insecure: false });
  });

  test('the user’s own file in the place of the system’s; drop-ins by their names, the user’s last', () => {
    const table = (prefix: string, location: string): string => `[[registry]]\nprefix = "${prefix}"\nlocation = "${location}"\n`;
    const system = write('etc/registries.conf', table('a.test', 'system.test') + table('b.test', 'system.test'));
    const own = write('home/registries.conf', table('b.test', 'own.test'));
    write('etc.d/20-x.conf', table('c.test', 'late.test'));
    write('etc.d/10-x.conf', table('c.test', 'early.test'));
    write('etc.d/30-x.txt', table('c.test', 'no.test'));
    write('home.d/00.conf', table('d.test', 'own.test'));
    write('etc.d/99.conf', table('d.test', 'system.test'));
    const read = RegistriesConf.read({
      ...noPlaces,
      registriesConf: [path.join(work, 'none'), own, system],
      registriesConfDirectories: [path.join(work, 'none'), path.join(work, 'etc.d'), path.join(work, 'home.d')],
    });
    const host = (name: string): string | undefined => read.endpoints({ host: name, name: 'x' })[0]?.image.host;
    expect(['a.test', 'b.test', 'c.test', 'd.test'].map(host)).toEqual(['a.test', 'own.test', 'late.test', 'own.test']);
  });

  test.each([
    ['password = "hunter2', /it isn’t TOML \(line 1, column \d+\)/],
    ['[[registry]]\nblocked = true', /neither prefix nor location/],
    ['[[registry]]\nprefix = "a.test"', /has no location/],
    ['[[registry]]\nlocation = "https://a.test"', /:\/\//],
    ['[[registry]]\nlocation = "a.test"\nblocked = "yes"', /blocked/],
    ['[registries.block]\nregistries = ["a.test"]', /the old form/],
  ])('%j is refused by the file’s name', (text, says) => {
    const report = failure(() => parseRegistriesConf(text, 'r.conf'));
    expect(report).toMatchObject({ code: 'file.unreadable', subject: 'r.conf', detail: expect.stringMatching(says) as string });
    expect(JSON.stringify(report)).not.toContain('hunter2');
  });
});

describe('logins', () => {
  const auth = (text: string): { auth: string } => ({ auth: Buffer.from(text).toString('base64') });
  const image = { host: 'a.test:5000', name: 'b/c' };
  const found = (...files: unknown[]): unknown =>
    findLogin(
      files.map((value, i) => write(`auth-${i}.json`, typeof value === 'string' ? value : JSON.stringify(value))),
      image,
    );

  test.each([
    ['its repository’s', { 'a.test:5000': auth('h:1'), 'a.test:5000/b': auth('n:2'), 'a.test:5000/b/c': auth('r:3') }, 'r'],
    ['that of a namespace', { 'a.test:5000': auth('h:1'), 'a.test:5000/b': auth('n:2') }, 'n'],
    ['the host’s', { 'a.test:5000': auth('h:1'), 'a.test:5000/bb': auth('n:2'), 'a.test': auth('x:1') }, 'h'],
    ['what docker login wrote', { 'https://a.test:5000/v2/': auth('d:1') }, 'd'],
  ])('%s', (_, auths, user) => {
    expect(found({ auths })).toMatchObject({ kind: 'password', user });
  });

  test('a password may hold colons; the first file that has one counts; a program’s only where there is none', () => {
    expect(found({ auths: { 'a.test:5000': auth('u:a:b:ü') } })).toEqual({ kind: 'password', user: 'u', password: 'a:b:ü' });
    expect(found({ auths: {} }, { auths: { 'a.test:5000': auth('u:1') } }, { auths: { 'a.test:5000': auth('v:1') } })).toMatchObject({
      user: 'u',
    });
    expect(found({ credsStore: 'desktop' }, { auths: { 'a.test:5000': auth('u:1') } })).toMatchObject({ user: 'u' });
    expect(found({ credsStore: 'desktop', auths: { 'a.test:5000': {} } })).toMatchObject({ kind: 'helper', helper: 'desktop' });
    expect(found({ credHelpers: { 'a.test:5000': 'ecr' }, auths: { 'a.test:5000': auth('u:1') } })).toMatchObject({ helper: 'ecr' });
    expect(found({ auths: { 'a.test:5000': { identitytoken: 't' } } })).toEqual({ kind: 'token', token: 't' });
    expect(found({ auths: null }, {})).toBeUndefined();
    const hub = { host: 'docker.io', name: 'library/x' };
    const file = write('hub.json', JSON.stringify({ auths: { 'https://index.docker.io/v1/': auth('h:1') } }));
    expect(findLogin([path.join(work, 'none'), file], hub)).toMatchObject({ user: 'h' });
  });

  test.each(['{"auths": {"x": {"auth": "hunter2', '{"auths": ["hunter2"]}', JSON.stringify({ auths: { 'a.test:5000': auth('hunter2') } })])(
    'a file that is damaged is named, and not quoted: %s',
    (text) => {
      const report = failure(() => found(text));
      expect(report).toMatchObject({ code: 'file.unreadable', subject: path.join(work, 'auth-0.json') });
      expect(JSON.stringify(report)).not.toMatch(/hunter2|aHVudGVy/);
    },
  );

  test('where they lie', () => {
    const places = systemPlaces({ XDG_RUNTIME_DIR: '/run/user/1000' }, '/home/a', 1000);
    expect(places.authFiles).toEqual([
      '/run/user/1000/containers/auth.json',
      '/run/containers/1000/auth.json',
      '/home/a/.config/containers/auth.json',
      '/home/a/.docker/config.json',
    ]);
    expect(systemPlaces({ REGISTRY_AUTH_FILE: '/x' }, '/root', 0).authFiles).toEqual(['/x']);
    expect(systemPlaces({}, '/root', 0).authFiles.slice(0, 2)).toEqual(['/run/ostree/auth.json', '/etc/ostree/auth.json']);
    expect(systemPlaces({ XDG_CONFIG_HOME: '/c' }, '/home/a', 1).registriesConf).toEqual([
      '/c/containers/registries.conf',
      '/etc/containers/registries.conf',
    ]);
  });
});

test('certs.d: the first directory of the host, CAs beside the machine’s, a client’s certificate with its key', () => {
  write('one/a.test/readme', '');
  write('two/a.test/ca.crt', 'CA');
  write('two/b.test:5000/x.crt', 'X');
  write('two/b.test:5000/me.cert', 'CERT');
  write('two/b.test:5000/me.key', 'KEY');
  write('two/c.test/me.key', 'KEY');
  const places = { ...noPlaces, certDirectories: ['none', 'one', 'two'].map((name) => path.join(work, name)) };
  expect(certificatesOf(places, 'a.test')).toEqual({ ca: [...rootCertificates] });
  const bundle = write('bundle.crt', 'BUNDLE');
  const trusted = { ...places, trustedCertificates: [path.join(work, 'none'), bundle] };
  expect(certificatesOf(trusted, 'b.test:5000')).toEqual({ ca: ['BUNDLE', 'X'], client: { cert: 'CERT', key: 'KEY' } });
  expect(certificatesOf(trusted, 'b.test')).toEqual({ ca: ['BUNDLE'] });
  expect(certificatesOf(trusted, '..')).toEqual({ ca: ['BUNDLE'] });
  expect(failure(() => certificatesOf(trusted, 'c.test'))).toMatchObject({
    code: 'file.unreadable',
    subject: path.join(work, 'two/c.test/me.cert'),
  });
});

test.each([
  ['Basic realm="x"', [{ scheme: 'basic', parameters: { realm: 'x' } }]],
  [
    'Bearer realm="https://a/t",service="b, c",scope="repository:x:pull,push"',
    [{ scheme: 'bearer', parameters: { realm: 'https://a/t', service: 'b, c', scope: 'repository:x:pull,push' } }],
  ],
  [
    'Basic realm=x, BEARER Realm = "a\\"b" , service=c',
    [
      { scheme: 'basic', parameters: { realm: 'x' } },
      { scheme: 'bearer', parameters: { realm: 'a"b', service: 'c' } },
    ],
  ],
  [
    'Negotiate, Basic',
    [
      { scheme: 'negotiate', parameters: {} },
      { scheme: 'basic', parameters: {} },
    ],
  ],
  ['Bearer realm="a",realm="b"', [{ scheme: 'bearer', parameters: { realm: 'a' } }]],
  ['realm="x"', []],
  ['', []],
  ['Bearer realm="never ends', [{ scheme: 'bearer', parameters: {} }]],
])('the challenge %s', (text, challenges) => {
  expect(parseChallenges(text)).toEqual(challenges);
});

test.each([
  ['https://a.test/x', { https_proxy: 'http://p:1' }, 'http://p:1'],
  ['https://a.test/x', { HTTPS_PROXY: 'p:1' }, 'http://p:1'],
  ['https://a.test/x', { http_proxy: 'http://p:1' }, undefined],
  ['http://a.test/x', { http_proxy: 'http://p:1' }, 'http://p:1'],
  ['https://a.test/x', { https_proxy: 'http://p:1', no_proxy: 'b.test, a.test' }, undefined],
  ['https://x.a.test/', { https_proxy: 'http://p:1', no_proxy: '.a.test' }, undefined],
  ['https://xa.test/', { https_proxy: 'http://p:1', no_proxy: 'a.test' }, 'http://p:1'],
  ['https://a.test:5000/', { https_proxy: 'http://p:1', no_proxy: 'a.test:443' }, 'http://p:1'],
  ['https://a.test:5000/', { https_proxy: 'http://p:1', NO_PROXY: 'a.test:5000' }, undefined],
  ['https://10.1.2.3/', { https_proxy: 'http://p:1', no_proxy: '10.0.0.0/8' }, undefined],
  ['https://11.1.2.3/', { https_proxy: 'http://p:1', no_proxy: '10.0.0.0/8' }, 'http://p:1'],
  ['https://[fd00::1]/', { https_proxy: 'http://p:1', no_proxy: 'fd00::/8' }, undefined],
  ['https://[fd00::1]/', { https_proxy: 'http://p:1', no_proxy: 'fd00::1' }, undefined],
  ['https://a.test/', { https_proxy: 'http://p:1', no_proxy: '*' }, undefined],
  ['https://localhost:5000/', { https_proxy: 'http://p:1' }, undefined],
  ['https://127.0.0.1/', { https_proxy: 'http://p:1' }, undefined],
  ['https://[::1]/', { https_proxy: 'http://p:1' }, undefined],
])('the proxy of %s with %j is %s', (url, env, proxy) => {
  expect(proxyFor(new URL(url), env)).toBe(proxy);
});
