// SPDX-License-Identifier: LGPL-2.1-or-later
import { Check, ChevronDown } from 'lucide-react';
import type { ReactNode } from 'react';
import { Button, Label, ListBox, ListBoxItem, Popover, Select, SelectValue } from 'react-aria-components';

interface PickerProps {
  readonly label: string;
  readonly value: string;
  readonly options: readonly { readonly id: string; readonly label: string }[];
  readonly onChange: (id: string) => void;
  /** The label stands before it, not above. */
  readonly inline?: boolean;
}

/** A drop-down with a visible label. */
export function Picker({ label, value, options, onChange, inline = false }: PickerProps): ReactNode {
  return (
    <Select
      value={value}
      onChange={(key) => onChange(String(key))}
      className={`flex min-w-48 flex-1 ${inline ? 'items-center gap-2' : 'flex-col gap-1'}`}
    >
      <Label className="text-sm text-muted">{label}</Label>
      <Button className="flex min-h-9 min-w-0 items-center justify-between gap-2 rounded-lg border border-control/60 bg-surface px-3 py-1.5 text-left hover:bg-hover">
        <SelectValue className="min-w-0 truncate [&_svg]:hidden" />
        <ChevronDown aria-hidden className="size-4 shrink-0 text-muted" />
      </Button>
      <Popover className="max-h-80 min-w-(--trigger-width) animate-appear overflow-auto rounded-lg border border-line bg-surface p-1 shadow-lg">
        <ListBox className="outline-none">
          {options.map((option) => (
            <ListBoxItem
              key={option.id}
              id={option.id}
              textValue={option.label}
              className="group flex items-center justify-between gap-3 rounded-md px-3 py-2 outline-none focus:bg-hover"
            >
              {option.label}
              <Check aria-hidden className="invisible size-4 text-accent group-data-selected:visible" />
            </ListBoxItem>
          ))}
        </ListBox>
      </Popover>
    </Select>
  );
}
