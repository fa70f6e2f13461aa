import { existsSync, lstatSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { TreelineError } from '../../../shared/errors/index.ts';
import type { Treefile } from './treefile.ts';

const unitDirectory = 'usr/lib/systemd/system';
const enabledDirectory = 'usr/etc/systemd/system';

/** The file of a unit: its own, or for `name@instance.type` that of the template. */
function unitFile(root: string, unit: string): string | undefined {
  const template = unit.replace(/@[^.]+(?=\.[^.]+$)/, '@');
  return [unit, template].find((name) =>
    [unitDirectory, enabledDirectory].some((d) => lstatSync(path.join(root, d, name), { throwIfNoEntry: false })),
  );
}

/** [Install] of a unit file (systemd.unit(5)). */
function install(text: string): Record<'WantedBy' | 'RequiredBy' | 'Alias' | 'Also', string[]> {
  const found = { WantedBy: [], RequiredBy: [], Alias: [], Also: [] } as Record<'WantedBy' | 'RequiredBy' | 'Alias' | 'Also', string[]>;
  let section = '';
  for (const line of text.split('\n')) {
    section = /^\[(.+)\]\s*$/.exec(line)?.[1] ?? section;
    const option = /^(WantedBy|RequiredBy|Alias|Also)\s*=\s*(.*)$/.exec(line);
    if (section === 'Install' && option)
      found[option[1] as keyof typeof found].push(...(option[2] ?? '').split(/\s+/).filter((w) => w !== ''));
  }
  return found;
}

/** Enable the treefile's units as `systemctl enable` does, and set the default target. Throws treefile.invalid-value at the unit's line. */
export function enableUnits(root: string, treefile: Treefile): void {
  const done = new Set<string>();
  const enable = (unit: string): void => {
    if (done.has(unit)) return;
    done.add(unit);
    const file = unitFile(root, unit);
    if (!file)
      throw new TreelineError('treefile.invalid-value', {
        ...treefile.placeOf('units', unit),
        key: 'units',
        detail: `the tree has no unit “${unit}”`,
      });
    const source = path.join(root, unitDirectory, file);
    const { WantedBy, RequiredBy, Alias, Also } = existsSync(source) ? install(readFileSync(source, 'utf8')) : install('');
    const target = `/${unitDirectory}/${file}`;
    for (const wanted of WantedBy) link(root, `${wanted}.wants/${unit}`, target);
    for (const required of RequiredBy) link(root, `${required}.requires/${unit}`, target);
    for (const alias of Alias) link(root, alias, target);
    for (const other of Also) enable(other);
  };
  for (const unit of treefile.units) enable(unit);
  const { defaultTarget } = treefile;
  if (defaultTarget === undefined) return;
  if (!unitFile(root, defaultTarget))
    throw new TreelineError('treefile.invalid-value', {
      ...treefile.placeOf('default-target'),
      key: 'default-target',
      detail: `the tree has no unit “${defaultTarget}”`,
    });
  link(root, 'default.target', `/${unitDirectory}/${defaultTarget}`);
}

/** Keep the machine's changes of /opt and /usr/local on overlays (libostree 2023.8 and later). */
export function enableStateOverlays(root: string, treefile: Treefile): void {
  const template = 'ostree-state-overlay@.service';
  if (!unitFile(root, template))
    throw new TreelineError('treefile.invalid-value', {
      ...treefile.placeOf('opt-usrlocal'),
      key: 'opt-usrlocal',
      detail: `“state-overlay” needs a tree with libostree 2023.8 or later: it has no ${template}`,
    });
  const wants = path.join(root, unitDirectory, 'local-fs.target.requires');
  mkdirSync(wants, { recursive: true });
  for (const name of ['usr-lib-opt', 'usr-local']) {
    const at = path.join(wants, template.replace('@', `@${name}`));
    rmSync(at, { force: true });
    symlinkSync(`../${template}`, at);
  }
}

function link(root: string, name: string, target: string): void {
  const at = path.join(root, enabledDirectory, name);
  mkdirSync(path.dirname(at), { recursive: true });
  rmSync(at, { force: true });
  symlinkSync(target, at);
}
