// SPDX-License-Identifier: LGPL-2.1-or-later
import { Component, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { ErrorReport } from '../../shared/errors/index.ts';
import { ErrorNotice } from '../ui/notices/error-notice.tsx';
import { goTo } from '../model/route-store.ts';
import { Button } from '../ui/button.tsx';
import { Page } from '../ui/page.tsx';

interface ErrorBoundaryProps {
  readonly children: ReactNode;
  /** What is shown instead, with what went wrong; `leave` shows the children again. */
  readonly fallback: (report: ErrorReport, leave: () => void) => ReactNode;
}

interface ErrorBoundaryState {
  readonly report?: ErrorReport;
}

/** A fault of a page takes only the page away: what can be done elsewhere stays within reach. */
export class ErrorBoundary extends Component<ErrorBoundaryProps, ErrorBoundaryState> {
  override state: ErrorBoundaryState = {};

  static getDerivedStateFromError(error: unknown): ErrorBoundaryState {
    const detail = error instanceof Error ? [error.message, ...(error.stack ?? '').split('\n').slice(1, 6)].join('\n') : String(error);
    return { report: { code: 'internal.unexpected', detail } };
  }

  override render(): ReactNode {
    const { report } = this.state;
    return report ? this.props.fallback(report, () => this.setState({ report: undefined })) : this.props.children;
  }
}

/** A page that couldn't be shown: why, to be copied, and the way back. */
export function BrokenPage({ report, title, onLeave }: { report: ErrorReport; title: string; onLeave: () => void }): ReactNode {
  const { t } = useTranslation();
  const leave = (): void => {
    goTo('updates');
    onLeave();
  };
  return (
    <Page title={title}>
      <ErrorNotice report={report}>
        <Button onPress={leave}>{t('action.backToUpdates')}</Button>
      </ErrorNotice>
    </Page>
  );
}
