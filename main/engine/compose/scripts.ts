import { formatNevra } from '../../../shared/domain/index.ts';
import { TreelineError } from '../../../shared/errors/index.ts';
import { rpmFileFlag, type RpmPackage, type RpmScriptlet, type RpmTrigger, type ScriptletPhase } from '../ports/rpm.ts';
import type { LuaRunner, RunResult, Sandbox } from './sandbox.ts';

/** RPMSCRIPT_FLAG_* of rpm/rpmfi.h's neighbours (rpmscript): expanded at install time by rpm itself. */
const needsExpansion = 1 | 2;

export interface ScriptContext {
  readonly sandbox: Sandbox;
  readonly lua: LuaRunner;
  readonly message: (text: string) => void;
}

interface Script {
  readonly pkg: RpmPackage;
  /** `%post`, `%transfiletriggerin` ... */
  readonly label: string;
  readonly interpreter: readonly string[];
  readonly body: string;
  readonly flags: number;
  readonly args: readonly string[];
  readonly input?: string;
}

/** Run one phase's scriptlets of all packages, in the given order. rpm passes 1 = the package is there once. */
export function runPhase(packages: readonly RpmPackage[], phase: ScriptletPhase, context: ScriptContext): void {
  for (const pkg of packages) {
    for (const scriptlet of pkg.scriptlets.filter((s) => s.phase === phase)) runScript(scriptletOf(pkg, scriptlet), context);
  }
}

const scriptletOf = (pkg: RpmPackage, s: RpmScriptlet): Script => ({ pkg, label: `%${s.phase}`, ...s, args: ['1'] });

/** %triggerin: for each other installed package that a trigger names. */
export function runPackageTriggers(packages: readonly RpmPackage[], context: ScriptContext): void {
  const names = new Set(packages.map((p) => p.name));
  for (const pkg of packages)
    for (const trigger of pkg.triggers.filter((t) => t.kind === 'package' && t.when.includes('in')))
      if (trigger.conditions.some((c) => names.has(c.name))) runScript({ pkg, label: '%triggerin', ...trigger, args: ['1', '1'] }, context);
}

/** %filetriggerin or %transfiletriggerin, by priority: the names of matching files come on stdin, each trigger runs once. */
export function runFileTriggers(packages: readonly RpmPackage[], kind: 'file' | 'transfile', context: ScriptContext): void {
  const triggers = packages
    .flatMap((pkg) => pkg.triggers.filter((t) => t.kind === kind && t.when.includes('in')).map((trigger) => ({ pkg, trigger })))
    .sort((a, b) => b.trigger.priority - a.trigger.priority);
  if (triggers.length === 0) return;
  const files = packages.flatMap((p) => p.files.flatMap((f) => (f.flags & rpmFileFlag.ghost ? [] : [f.path]))).sort();
  for (const { pkg, trigger } of triggers) {
    const matching = files.filter((file) => matches(trigger, file));
    if (matching.length === 0) continue;
    const label = kind === 'file' ? '%filetriggerin' : '%transfiletriggerin';
    runScript({ pkg, label, ...trigger, args: ['1', '0'], input: matching.map((f) => `${f}\n`).join('') }, context);
  }
}

const matches = (trigger: RpmTrigger, file: string): boolean => trigger.conditions.some((c) => file.startsWith(c.name));

function runScript(script: Script, context: ScriptContext): void {
  const nevra = formatNevra(script.pkg);
  const [program = '', ...programArgs] = script.interpreter;
  const refuse = (detail: string): TreelineError =>
    new TreelineError('package.unsupported', { subject: nevra, detail: `its ${script.label} ${detail}` });
  if (script.flags & needsExpansion) throw refuse('wants macros to be expanded when it is installed');
  let result: RunResult;
  if (program === '<lua>') {
    if (script.input !== undefined) throw refuse('is a file trigger in lua');
    result = context.sandbox.runLua(context.lua, {
      script: script.body,
      name: `${script.label}(${nevra})`,
      args: ['<lua>', ...script.args],
    });
  } else {
    if (!context.sandbox.has(program))
      throw new TreelineError('compose.script-failed', {
        subject: `${nevra} ${script.label}`,
        detail: `the tree has no ${program}`,
        facts: { program },
      });
    const body = script.body.trim() === '' ? {} : { script: script.body };
    result = context.sandbox.run([program, ...programArgs], {
      ...body,
      args: script.args,
      packageName: script.pkg.name,
      ...(script.input === undefined ? {} : { input: script.input }),
    });
  }
  for (const line of result.output) context.message(`${script.pkg.name}${script.label}: ${line}`);
  if (result.status !== 0)
    throw new TreelineError('compose.script-failed', {
      subject: `${nevra} ${script.label}`,
      detail: `exit status ${result.status}${result.output.length > 0 ? `: ${result.output.slice(-3).join(' | ')}` : ''}`,
      facts: { status: result.status, package: nevra, scriptlet: script.label },
    });
}
