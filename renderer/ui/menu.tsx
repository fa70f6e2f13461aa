// SPDX-License-Identifier: LGPL-2.1-or-later
import { ChevronDown, Ellipsis } from 'lucide-react';
import type { ReactNode } from 'react';
import { Menu as AriaMenu, MenuItem, MenuTrigger, Popover } from 'react-aria-components';
import { Button } from './button.tsx';

export interface MenuEntry {
  readonly id: string;
  readonly label: string;
  readonly icon: ReactNode;
  readonly danger?: boolean;
  readonly disabled?: boolean;
  readonly run: () => void;
}

/** The less frequent actions of one thing, behind one button whose label names the thing; the label is seen when it is the `text` too. */
export function Menu({ label, text, entries }: { label: string; text?: string; entries: readonly MenuEntry[] }): ReactNode {
  return (
    <MenuTrigger>
      {text ? (
        <Button>
          {text} <ChevronDown aria-hidden className="size-4 shrink-0" />
        </Button>
      ) : (
        <Button look="quiet" aria-label={label} icon={<Ellipsis aria-hidden className="size-5" />} />
      )}
      <Popover placement="bottom end" className="min-w-52 animate-appear rounded-lg border border-line bg-surface p-1 shadow-lg">
        <AriaMenu
          aria-label={label}
          disabledKeys={entries.filter((entry) => entry.disabled).map((entry) => entry.id)}
          onAction={(key) => entries.find((entry) => entry.id === key)?.run()}
          className="outline-none"
        >
          {entries.map((entry) => (
            <MenuItem
              key={entry.id}
              id={entry.id}
              textValue={entry.label}
              className={`flex items-center gap-2.5 rounded-md px-3 py-2 outline-none focus:bg-hover data-disabled:opacity-55 ${entry.danger ? 'text-danger' : ''}`}
            >
              {entry.icon}
              {entry.label}
            </MenuItem>
          ))}
        </AriaMenu>
      </Popover>
    </MenuTrigger>
  );
}
