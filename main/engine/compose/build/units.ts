// SPDX-License-Identifier: LGPL-2.1-or-later
import { TreelineError } from '../../../../shared/errors/index.ts';
import { isKeyOf } from '../../../files/index.ts';
import type { Tree } from '../../base/tree/index.ts';
import type { Treefile } from '../treefile/treefile.ts';

const unitDirectory = 'usr/lib/systemd/system';
const enabledDirectory = 'usr/etc/systemd/system';

/** Names that systemd takes for units (systemd.unit(5), unit_name_is_valid()): what goes into a path holds nothing that leads elsewhere. */
const validUnit = /^[A-Za-z0-9:_.\\@-]{1,255}$/;
const unitType = /\.(service|socket|device|mount|automount|swap|target|path|timer|slice|scope)$/;
const isUnitName = (name: string): boolean => validUnit.test(name) && unitType.test(name) && !name.startsWith('.');

/** The file of a unit: its own, or for `name@instance.type` that of the template. */
function unitFile(tree: Tree, unit: string): string | undefined {
  if (!isUnitName(unit)) return undefined;
  const template = unit.replace(/@[^.]+(?=\.[^.]+$)/, '@');
  return [unit, template].find((name) => [unitDirectory, enabledDirectory].some((d) => tree.look('unit', `${d}/${name}`)));
}

/** [Install] of a unit file (systemd.unit(5)). */
function install(text: string): Record<'WantedBy' | 'RequiredBy' | 'Alias' | 'Also', string[]> {
  const found: ReturnType<typeof install> = { WantedBy: [], RequiredBy: [], Alias: [], Also: [] };
  let section = '';
  for (const line of text.split('\n')) {
    section = /^\[(.+)\]\s*$/.exec(line)?.[1] ?? section;
    const [, option = '', names = ''] = /^(\w+)\s*=\s*(.*)$/.exec(line) ?? [];
    if (section === 'Install' && isKeyOf(found, option)) found[option].push(...names.split(/\s+/).filter((w) => w !== ''));
  }
  return found;
}

/**
 * Enable the treefile's units as `systemctl enable` does, and set the default target. Names of a unit's [Install] section that are none are passed over with a
 * message, as systemd does. Throws treefile.invalid-value at the unit's line.
 */
export function enableUnits(tree: Tree, treefile: Treefile, message: (text: string) => void): void {
  const done = new Set<string>();
  const enable = (unit: string): void => {
    if (done.has(unit)) return;
    done.add(unit);
    const file = unitFile(tree, unit);
    if (!file)
      throw new TreelineError('treefile.invalid-value', {
        ...treefile.placeOf('units', unit),
        key: 'units',
        detail: `the tree has no unit “${unit}”`,
      });
    const found = install(tree.text('unit', `${unitDirectory}/${file}`) ?? '');
    const names = (key: keyof typeof found): string[] =>
      found[key].filter((name) => {
        if (isUnitName(name)) return true;
        message(`${unit}: ${key}=${JSON.stringify(name)} is no name of a unit: passed over`);
        return false;
      });
    const target = `/${unitDirectory}/${file}`;
    // nobody else starts it: as rpm-ostree does for every unit
    if (treefile.units.includes(unit) && Object.values(found).every((each) => each.length === 0))
      link(tree, `multi-user.target.wants/${unit}`, target);
    for (const wanted of names('WantedBy')) link(tree, `${wanted}.wants/${unit}`, target);
    for (const required of names('RequiredBy')) link(tree, `${required}.requires/${unit}`, target);
    for (const alias of names('Alias')) link(tree, alias, target);
    for (const other of names('Also')) enable(other);
  };
  for (const unit of treefile.units) enable(unit);
  const { defaultTarget } = treefile;
  if (defaultTarget === undefined) return;
  if (!unitFile(tree, defaultTarget))
    throw new TreelineError('treefile.invalid-value', {
      ...treefile.placeOf('default-target'),
      key: 'default-target',
      detail: `the tree has no unit “${defaultTarget}”`,
    });
  // part of the system, not of a machine's configuration
  tree.remove('defaultTarget', `${enabledDirectory}/default.target`);
  tree.putLink('systemUnit', `${unitDirectory}/default.target`, `/${unitDirectory}/${defaultTarget}`);
}

/** Units without which an OSTree system doesn't work: wanted whatever a distribution's presets say. */
export function wantOstreeUnits(tree: Tree): void {
  for (const unit of ['ostree-remount.service', 'ostree-finalize-staged.path']) {
    const at = `${unitDirectory}/multi-user.target.wants/${unit}`;
    if (unitFile(tree, unit) && !tree.look('systemUnit', at)) tree.putLink('systemUnit', at, `../${unit}`);
  }
}

/** Keep the machine's changes of /opt and /usr/local on overlays (libostree 2023.8 and later). */
export function enableStateOverlays(tree: Tree, treefile: Treefile): void {
  const template = 'ostree-state-overlay@.service';
  if (!unitFile(tree, template))
    throw new TreelineError('treefile.invalid-value', {
      ...treefile.placeOf('opt-usrlocal'),
      key: 'opt-usrlocal',
      detail: `“state-overlay” needs a tree with libostree 2023.8 or later: it has no ${template}`,
    });
  for (const name of ['usr-lib-opt', 'usr-local'])
    tree.putLink('enabledUnit', `${unitDirectory}/local-fs.target.requires/${template.replace('@', `@${name}`)}`, `../${template}`);
}

const link = (tree: Tree, name: string, target: string): void => tree.putLink('enabledUnit', `${enabledDirectory}/${name}`, target);
