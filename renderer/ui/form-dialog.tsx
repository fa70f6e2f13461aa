// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ReactNode } from 'react';
import { Dialog as AriaDialog, Heading, Modal, ModalOverlay } from 'react-aria-components';
import { Button } from './button.tsx';

interface FormDialogProps {
  readonly title: string;
  readonly closeLabel: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
  /** Further buttons, the one that goes on last. */
  readonly actions?: ReactNode;
}

/** Something to fill in or to set. Stays open until closed, so that an answer can be shown in it. */
export function FormDialog({ title, closeLabel, onClose, children, actions }: FormDialogProps): ReactNode {
  return (
    <ModalOverlay
      isOpen
      onOpenChange={(open) => !open && onClose()}
      className="fixed inset-0 z-20 flex animate-appear items-start justify-center overflow-y-auto bg-[#000000]/45 p-4 md:items-center"
    >
      <Modal className="w-full max-w-lg">
        <AriaDialog className="rounded-xl border border-line bg-surface p-6 shadow-xl outline-none">
          <Heading slot="title" className="text-lg font-semibold wrap-anywhere">
            {title}
          </Heading>
          <div className="mt-3 space-y-3">{children}</div>
          <div className="mt-6 flex flex-wrap justify-end gap-2">
            <Button onPress={onClose}>{closeLabel}</Button>
            {actions}
          </div>
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}
