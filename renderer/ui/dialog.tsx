// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ReactNode } from 'react';
import { Dialog as AriaDialog, Heading, Modal, ModalOverlay } from 'react-aria-components';
import { Button } from './button.tsx';

interface ConfirmDialogProps {
  readonly isOpen: boolean;
  readonly onClose: () => void;
  /** Names the object: "Roll back to 43.2". */
  readonly title: string;
  readonly children: ReactNode;
  readonly cancelLabel: string;
  readonly confirmLabel: string;
  readonly danger?: boolean;
  /** What is filled in isn't complete yet. */
  readonly confirmDisabled?: boolean;
  readonly onConfirm: () => void;
}

/** Asks before something that can't be taken back at once. The safe button has the focus; Esc and a click outside mean it too. */
export function ConfirmDialog(props: ConfirmDialogProps): ReactNode {
  return (
    <ModalOverlay
      isOpen={props.isOpen}
      onOpenChange={(open) => !open && props.onClose()}
      isDismissable
      className="fixed inset-0 z-20 flex animate-appear items-center justify-center overflow-y-auto bg-[#000000]/45 p-4"
    >
      <Modal className="w-full max-w-md">
        <AriaDialog role="alertdialog" className="rounded-xl border border-line bg-surface p-6 shadow-xl outline-none">
          <Heading slot="title" className="text-lg font-semibold wrap-anywhere">
            {props.title}
          </Heading>
          <div className="mt-2 space-y-2">{props.children}</div>
          <div className="mt-6 flex flex-wrap justify-end gap-2">
            <Button autoFocus onPress={props.onClose}>
              {props.cancelLabel}
            </Button>
            <Button
              look={props.danger ? 'danger' : 'primary'}
              isDisabled={props.confirmDisabled ?? false}
              onPress={() => {
                props.onClose();
                props.onConfirm();
              }}
            >
              {props.confirmLabel}
            </Button>
          </div>
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}
