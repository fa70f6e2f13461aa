// SPDX-License-Identifier: LGPL-2.1-or-later
import { PackageOpen } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { loadDetails, useDetails } from '../../model/details-store.ts';
import { Button } from '../../ui/button.tsx';
import { Empty } from '../../ui/empty.tsx';
import { Spinner } from '../../ui/spinner.tsx';
import { ErrorNotice } from '../../ui/notices/error-notice.tsx';
import { PackageBrowser } from '../../ui/packages/package-browser.tsx';

/** The package changes of the version under review; the same list as on Updates. */
export function PackagesPanel({ detailsKey }: { detailsKey: string }): ReactNode {
  const { t } = useTranslation();
  const { key, details, error } = useDetails();
  if (error) {
    return (
      <ErrorNotice report={error}>
        <Button onPress={() => void loadDetails(detailsKey, true)}>{t('action.tryAgain')}</Button>
      </ErrorNotice>
    );
  }
  if (key !== detailsKey || !details) return <Spinner label={t('packages.loading')} />;
  if (details.packages.length === 0) return <Empty icon={PackageOpen} title={t('packages.noChanges')} />;
  return <PackageBrowser changes={details.packages} advisories={details.advisories} />;
}
