// SPDX-License-Identifier: LGPL-2.1-or-later
import { CircleAlert, CircleCheck, TriangleAlert } from 'lucide-react';
import { lazy, Suspense, useMemo, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Button as AriaButton } from 'react-aria-components';
import type { ErrorReport } from '../../../shared/errors/index.ts';
import type { OpenTreefile } from '../../../shared/ipc/index.ts';
import { useErrorText } from '../../i18n/use-error-text.ts';
import { composeActions, useCompose } from '../../model/compose-store.ts';
import { Spinner } from '../../ui/spinner.tsx';

/** A chunk of its own: who never opens a treefile never loads the editor. */
const TreefileEditor = lazy(() => import('./treefile-editor.tsx'));

const nothing: readonly ErrorReport[] = [];

/** The text, and what is wrong with it. */
export function TreefileTab({ file }: { file: OpenTreefile }): ReactNode {
  const { t } = useTranslation();
  const explain = useErrorText();
  const check = useCompose((compose) => compose.check);
  const failed = useCompose((compose) => compose.failure?.error);
  const problems = check?.problems ?? nothing;
  const warnings = check?.warnings ?? nothing;
  // what resolving found has a line, too
  const here = useMemo(
    () =>
      [...problems, ...(failed?.line === undefined || problems.some((each) => each.line === failed.line) ? [] : [failed])].filter(
        (each) => each.file === file.path,
      ),
    [problems, failed, file.path],
  );
  const ignored = useMemo(() => warnings.filter((each) => each.file === file.path), [warnings, file.path]);
  const sentence = (problem: ErrorReport): string => {
    const { title, explanation, next } = explain(problem);
    return [title, explanation, next].filter(Boolean).map(closed).join(' ');
  };
  return (
    <div className="flex min-h-0 flex-1 flex-col gap-3">
      <Suspense fallback={<Spinner label={t('compose.loadingEditor')} />}>
        <TreefileEditor label={t('compose.editorLabel', { name: file.fileName })} problems={here} warnings={ignored} sentence={sentence} />
      </Suspense>
      {check ? <Problems problems={problems} warnings={warnings} path={file.path} /> : null}
    </div>
  );
}

interface ProblemsProps {
  readonly problems: readonly ErrorReport[];
  readonly warnings: readonly ErrorReport[];
  readonly path: string;
}

function Problems({ problems, warnings, path }: ProblemsProps): ReactNode {
  const { t } = useTranslation();
  return (
    <section aria-label={t('compose.problems')} className="shrink-0 space-y-2">
      {problems.length > 0 ? (
        <p role="status" className="sr-only">
          {t('compose.problemCount', { count: problems.length })}
        </p>
      ) : (
        <p role="status" className="flex items-center gap-2 text-sm text-muted">
          <CircleCheck aria-hidden className="size-4 shrink-0 text-accent" />
          {t('compose.noProblems')}
        </p>
      )}
      {problems.length + warnings.length > 0 ? (
        <ul className="max-h-48 divide-y divide-line overflow-y-auto rounded-lg border border-line bg-surface">
          {problems.map((problem, index) => (
            <Problem key={index} problem={problem} path={path} />
          ))}
          {warnings.map((warning, index) => (
            <Problem key={`w${index}`} ignored problem={warning} path={path} />
          ))}
        </ul>
      ) : null}
    </section>
  );
}

/** One thing that is wrong, or (`ignored`) that takes no effect; leads to its line. */
function Problem({ problem, path, ignored = false }: { problem: ErrorReport; path: string; ignored?: boolean }): ReactNode {
  const { t } = useTranslation();
  const text = useErrorText()(problem);
  const { line } = problem;
  const Icon = ignored ? TriangleAlert : CircleAlert;
  const look = 'flex w-full gap-2 px-3 py-2 text-left';
  const body = (
    <>
      <Icon aria-hidden className={`mt-0.5 size-4 shrink-0 ${ignored ? 'text-warn' : 'text-danger'}`} />
      <span className="min-w-0">
        <span className="foreign-text font-medium">
          {line === undefined ? '' : `${placeText(problem, path, t('compose.line', { line }))}: `}
          {ignored ? t('compose.ignored', { title: text.title }) : text.title}
        </span>{' '}
        <span className="foreign-text text-muted">{[text.explanation, text.next].filter(Boolean).map(closed).join(' ')}</span>
      </span>
    </>
  );
  return (
    <li>
      {problem.file === path && line !== undefined ? (
        <AriaButton onPress={() => composeActions.jumpTo(line, problem.column ?? 1)} className={`${look} -outline-offset-2 hover:bg-hover`}>
          {body}
        </AriaButton>
      ) : (
        <div className={look}>{body}</div>
      )}
    </li>
  );
}

/** What a library says rarely ends with a full stop; without one the next sentence would run on. */
const closed = (sentence: string): string => (/[.!?…]["”“)]?$/.test(sentence.trim()) ? sentence.trim() : `${sentence.trim()}.`);

/** A problem of an included file names that file. */
const placeText = ({ file }: ErrorReport, path: string, line: string): string =>
  file === undefined || file === path ? line : `${file.split('/').pop() ?? file}, ${line}`;
