// SPDX-License-Identifier: LGPL-2.1-or-later
import { Search, X } from 'lucide-react';
import type { ReactNode, RefObject } from 'react';
import { Button, Input, SearchField as AriaSearchField } from 'react-aria-components';

interface SearchFieldProps {
  readonly label: string;
  readonly clearLabel: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly inputRef?: RefObject<HTMLInputElement | null>;
}

/** Search as you type. Ctrl+F finds it by its data attribute. */
export function SearchField({ label, clearLabel, value, onChange, inputRef }: SearchFieldProps): ReactNode {
  return (
    <AriaSearchField aria-label={label} value={value} onChange={onChange} className="group relative flex min-w-40 flex-1 items-center">
      <Search aria-hidden className="pointer-events-none absolute left-2.5 size-4 text-muted" />
      <Input
        {...(inputRef ? { ref: inputRef } : {})}
        data-find-field
        placeholder={label}
        className="min-h-9 w-full rounded-lg border border-control/60 bg-surface py-1 pr-8 pl-8 placeholder:text-muted [&::-webkit-search-cancel-button]:hidden"
      />
      <Button aria-label={clearLabel} className="absolute right-1.5 rounded p-1 group-data-empty:hidden hover:bg-hover">
        <X aria-hidden className="size-4" />
      </Button>
    </AriaSearchField>
  );
}
