// SPDX-License-Identifier: LGPL-2.1-or-later
import type { RpmDependency, RpmScriptlet, RpmTrigger, ScriptletPhase } from '../../engine/base/ports/rpm.ts';
import type { Header } from './header.ts';

/** phase -> tags of body, interpreter, flags (rpm/rpmtag.h; preuntrans and postuntrans since rpm 4.19). */
const phases: readonly [ScriptletPhase, number, number, number][] = [
  ['pretrans', 1151, 1153, 5024],
  ['pre', 1023, 1085, 5020],
  ['post', 1024, 1086, 5021],
  ['preun', 1025, 1087, 5022],
  ['postun', 1026, 1088, 5023],
  ['posttrans', 1152, 1154, 5025],
  ['preuntrans', 5104, 5106, 5108],
  ['postuntrans', 5105, 5107, 5109],
  ['verify', 1079, 1091, 5026],
];

const shell = ['/bin/sh'];

export function scriptletsOf(header: Header): RpmScriptlet[] {
  return phases.flatMap(([phase, body, program, flags]) => {
    if (!header.has(body) && !header.has(program)) return [];
    const interpreter = header.strings(program);
    return [{ phase, interpreter: interpreter.length > 0 ? interpreter : shell, body: header.string(body), flags: header.number(flags) }];
  });
}

interface TriggerTags {
  readonly kind: RpmTrigger['kind'];
  readonly scripts: number;
  readonly programs: number;
  readonly scriptFlags: number;
  readonly names: number;
  readonly index: number;
  readonly versions: number;
  readonly flags: number;
  readonly priorities?: number;
}

const triggerTags: readonly TriggerTags[] = [
  { kind: 'package', scripts: 1065, programs: 1092, scriptFlags: 5027, names: 1066, index: 1069, versions: 1067, flags: 1068 },
  {
    kind: 'file',
    scripts: 5066,
    programs: 5067,
    scriptFlags: 5068,
    names: 5069,
    index: 5070,
    versions: 5071,
    flags: 5072,
    priorities: 5084,
  },
  {
    kind: 'transfile',
    scripts: 5076,
    programs: 5077,
    scriptFlags: 5078,
    names: 5079,
    index: 5080,
    versions: 5081,
    flags: 5082,
    priorities: 5085,
  },
];

/** RPMSENSE_TRIGGER* of rpm/rpmds.h. */
const whenBits = [
  ['in', 1 << 16],
  ['un', 1 << 17],
  ['postun', 1 << 18],
  ['prein', 1 << 25],
] as const;

export function triggersOf(header: Header): RpmTrigger[] {
  return triggerTags.flatMap((tags) => {
    const bodies = header.strings(tags.scripts);
    if (bodies.length === 0) return [];
    const programs = header.strings(tags.programs);
    const scriptFlags = header.numbers(tags.scriptFlags);
    const priorities = tags.priorities === undefined ? [] : header.numbers(tags.priorities);
    const names = header.strings(tags.names);
    const versions = header.strings(tags.versions);
    const flags = header.numbers(tags.flags);
    const index = header.numbers(tags.index);
    return bodies.map((body, script) => {
      const mine = names.map((_, i) => i).filter((i) => index[i] === script);
      const bits = mine.reduce((all, i) => all | (flags[i] ?? 0), 0);
      return {
        kind: tags.kind,
        when: whenBits.filter(([, bit]) => bits & bit).map(([when]) => when),
        conditions: mine.map((i) => ({ name: names[i] ?? '', flags: flags[i] ?? 0, version: versions[i] ?? '' })),
        interpreter: programs[script] ? [programs[script]] : shell,
        body,
        flags: scriptFlags[script] ?? 0,
        priority: priorities[script] ?? 1_000_000,
      };
    });
  });
}

/** Name, flags and version tags of the kinds of dependencies. */
const dependencyTags = {
  requires: [1049, 1048, 1050],
  provides: [1047, 1112, 1113],
  conflicts: [1054, 1053, 1055],
  obsoletes: [1090, 1114, 1115],
} as const;

export function dependenciesOf(header: Header, kind: keyof typeof dependencyTags): RpmDependency[] {
  const [names, flags, versions] = dependencyTags[kind];
  const flagValues = header.numbers(flags);
  const versionValues = header.strings(versions);
  return header.strings(names).map((name, i) => ({ name, flags: flagValues[i] ?? 0, version: versionValues[i] ?? '' }));
}
