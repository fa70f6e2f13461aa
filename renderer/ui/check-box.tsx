// SPDX-License-Identifier: LGPL-2.1-or-later
import { Check } from 'lucide-react';
import type { ReactNode } from 'react';
import { CheckboxButton, CheckboxField } from 'react-aria-components';

interface CheckBoxProps {
  readonly isSelected: boolean;
  readonly isDisabled?: boolean;
  readonly onChange: (on: boolean) => void;
  readonly children: ReactNode;
}

/** On or off, at once. */
export function CheckBox({ isSelected, isDisabled = false, onChange, children }: CheckBoxProps): ReactNode {
  return (
    <CheckboxField isSelected={isSelected} isDisabled={isDisabled} onChange={onChange}>
      <CheckboxButton className="group flex items-start gap-2.5 rounded-md py-1 data-disabled:text-muted">
        <span
          aria-hidden
          className="mt-0.5 flex size-4.5 shrink-0 items-center justify-center rounded border border-control bg-surface group-data-focus-visible:outline-2 group-data-focus-visible:outline-offset-2 group-data-focus-visible:outline-accent group-data-selected:border-accent group-data-selected:bg-accent"
        >
          <Check className="hidden size-3.5 text-on-accent group-data-selected:block" />
        </span>
        <span>{children}</span>
      </CheckboxButton>
    </CheckboxField>
  );
}
