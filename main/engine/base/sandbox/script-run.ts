// SPDX-License-Identifier: LGPL-2.1-or-later
import { formatNevra } from '../../../../shared/domain/index.ts';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { scriptFlag, type RpmHeader } from '../ports/rpm.ts';
import { checkSpace, type RunResult } from './bubblewrap.ts';
import type { Interpreter, Sandbox } from './sandbox.ts';

export interface ScriptContext {
  readonly sandbox: Sandbox;
  readonly interpreter: Interpreter;
  readonly message: (text: string) => void;
  /** See RpmPort. */
  readonly countsForFileTriggers: boolean;
  /** `-p /sbin/ldconfig` of packages in a row runs once: before the next other script, and at the end (see finishScripts). */
  readonly waiting: { ldconfig?: Script };
}

/** A scriptlet or trigger of a package, about to run. */
export interface Script {
  readonly pkg: RpmHeader;
  /** `%post`, `%transfiletriggerin` ... */
  readonly label: string;
  readonly interpreter: readonly string[];
  readonly body: string;
  /** Bits of scriptFlag. */
  readonly flags: number;
  readonly args: readonly string[];
  /** Of file triggers: the names of files, which come on stdin, or by rpm.next_file() in lua. */
  readonly files?: readonly string[];
}

const isLdconfig = ({ interpreter, body }: Script): boolean => body === '' && /^(\/usr)?\/sbin\/ldconfig$/.test(interpreter[0] ?? '');

/** Run one script, or keep it until it matters. Throws compose.script-failed, compose.script-timeout or disk.full naming package and scriptlet. */
export function runScript(script: Script, context: ScriptContext): void {
  if (isLdconfig(script)) {
    context.waiting.ldconfig = script;
    return;
  }
  finishScripts(context);
  runNow(script, context);
}

/** Run what is still waiting. */
export function finishScripts(context: ScriptContext): void {
  const { ldconfig } = context.waiting;
  delete context.waiting.ldconfig;
  if (ldconfig) runNow(ldconfig, context);
}

function runNow(script: Script, context: ScriptContext): void {
  const nevra = formatNevra(script.pkg);
  const subject = `${nevra} ${script.label}`;
  const facts = { package: nevra, scriptlet: script.label };
  const result = start(script, subject, context);
  for (const line of result.output) context.message(`${script.pkg.name}${script.label}: ${line}`);
  const last = result.output.slice(-3).join(' | ');
  if (result.timedOut) throw new TreelineError('compose.script-timeout', { subject, detail: last, facts });
  if (result.status === 0) return;
  checkSpace(result, subject, context.sandbox.merged, facts);
  throw new TreelineError('compose.script-failed', {
    subject,
    detail: [`exit status ${result.status}${last === '' ? '' : `: ${last}`}`, ...forbidden(result.output)].join('; '),
    facts: { ...facts, status: result.status },
  });
}

function start(script: Script, subject: string, { sandbox, interpreter }: ScriptContext): RunResult {
  const [program = '', ...programArgs] = script.interpreter;
  const who = { subject, packageName: script.pkg.name };
  const hasMacros = (script.flags & (scriptFlag.expand | scriptFlag.queryFormat)) !== 0;
  const body = hasMacros ? sandbox.expand(interpreter, fileOf(script), script.body, script.flags, who) : script.body;
  if (program === '<lua>') {
    const request = { script: body, name: subject, args: ['<lua>', ...script.args], ...(script.files ? { files: script.files } : {}) };
    return sandbox.runLua(interpreter, request, who);
  }
  if (!sandbox.has(program))
    throw new TreelineError('compose.script-failed', { subject, detail: `the tree has no ${program}`, facts: { program } });
  // rpm gives arguments to scripts only: `-p /sbin/ldconfig` runs without any
  return sandbox.run([program, ...programArgs], {
    ...(body === '' ? {} : { script: body, args: script.args }),
    who,
    ...(script.files ? { input: script.files.map((f) => `${f}\n`).join('') } : {}),
  });
}

/** Macros and tags of a script are filled in from the package's file. */
function fileOf({ pkg, label }: Script): string {
  if (pkg.path !== undefined) return pkg.path;
  throw new TreelineError('package.unsupported', {
    subject: formatNevra(pkg),
    detail: `its ${label} is filled in from the package (-e, -q), which the base holds no file of`,
  });
}

/** Why something failed that works on a machine where packages are installed one by one. */
function forbidden(output: readonly string[]): string[] {
  const text = output.join('\n');
  if (/network is unreachable|temporary failure in name resolution|could not resolve|name or service not known/i.test(text))
    return ['scripts have no network'];
  if (/\bchroot\b.*operation not permitted|cannot change root directory/i.test(text)) return ['scripts can’t change their root'];
  if (/\b(unshare|setns|nsenter)\b.*operation not permitted/i.test(text)) return ['scripts can’t make namespaces'];
  if (/(mknod|mount|losetup|insmod|modprobe|sysctl)\b.*(operation not permitted|permission denied|read-only file system)/i.test(text))
    return ['scripts can’t make devices, mount or change the running kernel'];
  if (/failed to connect to bus|system has not been booted with systemd|connect to \/run\/dbus/i.test(text))
    return ['no service runs while a tree is composed'];
  return [];
}
