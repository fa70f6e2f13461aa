// SPDX-License-Identifier: LGPL-2.1-or-later
import { FileJson, FileText } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { TreelineError, type ErrorReport } from '../../../shared/errors/index.ts';
import { call } from '../../model/bridge.ts';
import { Menu } from '../../ui/menu.tsx';

interface ExportMenuProps {
  readonly checksum: string;
  readonly onSaved: (fileName: string) => void;
  readonly onError: (error: ErrorReport) => void;
}

const icon = 'size-4 shrink-0';

/** Saves what this page shows as a file for a reviewer. Main asks where to. */
export function ExportMenu({ checksum, onSaved, onError }: ExportMenuProps): ReactNode {
  const { t } = useTranslation();
  const [saving, setSaving] = useState(false);
  const save = async (format: 'markdown' | 'json'): Promise<void> => {
    setSaving(true);
    try {
      const saved = await call('review.export', format, checksum);
      if (saved) onSaved(saved.fileName);
    } catch (error) {
      onError(TreelineError.report(error));
    } finally {
      setSaving(false);
    }
  };
  return (
    <Menu
      label={t('review.export')}
      text={t('review.export')}
      entries={[
        {
          id: 'markdown',
          label: t('review.exportMarkdown'),
          icon: <FileText aria-hidden className={icon} />,
          disabled: saving,
          run: () => void save('markdown'),
        },
        {
          id: 'json',
          label: t('review.exportJson'),
          icon: <FileJson aria-hidden className={icon} />,
          disabled: saving,
          run: () => void save('json'),
        },
      ]}
    />
  );
}
