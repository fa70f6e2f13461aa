// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ReactNode } from 'react';
import { ToggleButton, ToggleButtonGroup } from 'react-aria-components';

interface ChoiceProps<T extends string> {
  readonly label: string;
  readonly value: T;
  readonly options: readonly { readonly value: T; readonly label: string; readonly note?: string }[];
  readonly onChange: (value: T) => void;
}

/** A few alternatives side by side, exactly one chosen. */
export function Choice<T extends string>({ label, value, options, onChange }: ChoiceProps<T>): ReactNode {
  return (
    <ToggleButtonGroup
      aria-label={label}
      selectionMode="single"
      disallowEmptySelection
      selectedKeys={[value]}
      onSelectionChange={(keys) => {
        const chosen = options.find((option) => keys.has(option.value));
        if (chosen) onChange(chosen.value);
      }}
      className="inline-flex flex-wrap rounded-lg border border-control/60 bg-surface p-0.5"
    >
      {options.map((option) => (
        <ToggleButton
          key={option.value}
          id={option.value}
          className="rounded-md px-3 py-1 hover:bg-hover data-selected:bg-accent-soft data-selected:font-medium data-selected:text-accent"
        >
          {option.label}
          {option.note === undefined ? null : <span className="text-sm font-normal text-muted"> {option.note}</span>}
        </ToggleButton>
      ))}
    </ToggleButtonGroup>
  );
}
