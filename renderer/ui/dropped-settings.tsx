// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { droppedOf, followedBy, type Deployment } from '../../shared/domain/index.ts';

/** What nobody can download again: kernel arguments and a source that were chosen with what is dropped. */
export function DroppedSettings({ gone, booted }: { gone: Deployment; booted: Deployment | undefined }): ReactNode {
  const { t } = useTranslation();
  const side = (each: Deployment): Parameters<typeof droppedOf>[0] => ({ ...each, refspec: followedBy(each.origin) });
  const { addedArgs, removedArgs, refspec } = droppedOf(side(gone), booted && side(booted));
  return (
    <>
      {addedArgs.length > 0 ? <p>{t('dialog.dropsAdded', { args: addedArgs.join(' ') })}</p> : null}
      {removedArgs.length > 0 ? <p>{t('dialog.dropsRemoved', { args: removedArgs.join(' ') })}</p> : null}
      {refspec === undefined ? null : <p>{t('dialog.dropsSource', { refspec })}</p>}
    </>
  );
}
