// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ReactNode } from 'react';
import { SwitchButton, SwitchField } from 'react-aria-components';

interface SwitchProps {
  readonly label: string;
  readonly isSelected: boolean;
  readonly isDisabled?: boolean;
  /** Being changed: it keeps the focus and takes no other answer. */
  readonly isPending?: boolean;
  readonly onChange: (on: boolean) => void;
}

/** On or off, at once; where it stands says of what, and `label` to those who don’t see that. */
export function Switch({ label, isSelected, isDisabled = false, isPending = false, onChange }: SwitchProps): ReactNode {
  return (
    <SwitchField aria-label={label} isSelected={isSelected} isDisabled={isDisabled} isReadOnly={isPending} onChange={onChange}>
      <SwitchButton className="group inline-flex rounded-full p-1 data-disabled:opacity-55 data-readonly:opacity-70">
        <span
          aria-hidden
          className="flex h-5.5 w-10 items-center rounded-full border border-control bg-surface px-0.5 transition-colors group-data-focus-visible:outline-2 group-data-focus-visible:outline-offset-2 group-data-focus-visible:outline-accent group-data-selected:border-accent group-data-selected:bg-accent"
        >
          <span className="size-4 rounded-full border-2 border-control bg-control transition-transform group-data-selected:translate-x-4.5 group-data-selected:border-on-accent group-data-selected:bg-on-accent" />
        </span>
      </SwitchButton>
    </SwitchField>
  );
}
