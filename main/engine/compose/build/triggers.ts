// SPDX-License-Identifier: LGPL-2.1-or-later
import { compareVersions } from '../../../../shared/domain/index.ts';
import { rpmFileFlag, type RpmDependency, type RpmHeader, type RpmTrigger } from '../../base/ports/rpm.ts';
import { runScript, type ScriptContext } from '../../base/sandbox/script-run.ts';
import { isLinkMode, treePath } from '../../base/tree/tree-path.ts';

/** Packages whose scripts run, in the order of installation, and those that were there before: their triggers hear of it. */
export interface Installation {
  readonly added: readonly RpmHeader[];
  readonly base: readonly RpmHeader[];
}

/** RPMSENSE_* of rpm/rpmds.h. */
const sense = { less: 2, greater: 4, equal: 8 } as const;

/** True if a trigger's condition (name, perhaps with a version) is about this package, by rpm's comparison. */
export function meets(pkg: RpmHeader, condition: RpmDependency): boolean {
  if (pkg.name !== condition.name) return false;
  const wanted = condition.flags & (sense.less | sense.greater | sense.equal);
  if (wanted === 0 || condition.version === '') return true;
  const [, epoch = '0', version = '', release] = /^(?:(\d+):)?([^-]*)(?:-(.*))?$/.exec(condition.version) ?? [];
  const order =
    Math.sign(pkg.epoch - Number(epoch)) ||
    compareVersions(pkg.version, version) ||
    // a condition without a release is about all of them
    (release === undefined ? 0 : compareVersions(pkg.release, release));
  return (wanted & (order < 0 ? sense.less : order > 0 ? sense.greater : sense.equal)) !== 0;
}

/** Run the %triggerin or %triggerprein scripts of `owners` that are about `target`, each once. Both counts are 1. */
export function runPackageTriggers(owners: readonly RpmHeader[], target: RpmHeader, when: 'in' | 'prein', context: ScriptContext): void {
  for (const pkg of owners)
    for (const trigger of pkg.triggers)
      if (trigger.kind === 'package' && trigger.when.includes(when) && trigger.conditions.some((c) => meets(target, c)))
        runScript({ pkg, label: `%trigger${when}`, ...trigger, args: ['1', '1'] }, context);
}

/**
 * %filetriggerin or %transfiletriggerin, by priority: each trigger runs once, with the names of all files below its prefixes; one that was there before
 * (`base`) with those of new files only. Where rpm gives counts, they are 1: of the trigger's package and, but for %transfiletriggerin, of the other one.
 */
export function runFileTriggers({ added, base }: Installation, kind: 'file' | 'transfile', context: ScriptContext): void {
  const triggersOf = (packages: readonly RpmHeader[], isNew: boolean): { pkg: RpmHeader; trigger: RpmTrigger; isNew: boolean }[] =>
    packages.flatMap((pkg) =>
      pkg.triggers.filter((t) => t.kind === kind && t.when.includes('in')).map((trigger) => ({ pkg, trigger, isNew })),
    );
  const triggers = [...triggersOf(base, false), ...triggersOf(added, true)].sort((a, b) => b.trigger.priority - a.trigger.priority);
  if (triggers.length === 0) return;
  const newFiles = namesOf(added);
  const allFiles = base.length === 0 ? newFiles : sortedNames([...newFiles, ...namesOf(base)]);
  for (const { pkg, trigger, isNew } of triggers) {
    const matching = (isNew ? allFiles : newFiles)
      .filter((file) => isBelow(trigger, file.name) || isBelow(trigger, file.merged))
      .map((f) => f.name);
    if (matching.length === 0) continue;
    const args = !context.countsForFileTriggers ? ['0'] : kind === 'file' ? ['1', '1'] : ['1'];
    const label = kind === 'file' ? '%filetriggerin' : '%transfiletriggerin';
    runScript({ pkg, label, ...trigger, args, files: [...new Set(matching)] }, context);
  }
}

interface FileName {
  readonly name: string;
  readonly merged: string;
}

const namesOf = (packages: readonly RpmHeader[]): FileName[] =>
  sortedNames(
    packages.flatMap((p) =>
      p.files.flatMap((f) => (f.flags & rpmFileFlag.ghost ? [] : [{ name: f.path, merged: mergedName(f.path, f.mode) }])),
    ),
  );

const sortedNames = (files: FileName[]): FileName[] => files.sort((a, b) => (a.name < b.name ? -1 : 1));

/** /lib/x is /usr/lib/x in a tree: a prefix may be written either way. */
const mergedName = (name: string, mode: number): string => (name.startsWith('/etc/') ? name : `/${treePath(name, isLinkMode(mode))}`);

const isBelow = (trigger: RpmTrigger, file: string): boolean => trigger.conditions.some((c) => file.startsWith(c.name));
