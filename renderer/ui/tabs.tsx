// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ReactNode } from 'react';
import { Tab, TabList, TabPanel, Tabs as AriaTabs } from 'react-aria-components';

interface TabSpec {
  readonly id: string;
  readonly label: string;
  /** Shown after the label, e.g. how many. */
  readonly note?: string | undefined;
  readonly content: () => ReactNode;
}

interface TabsProps {
  readonly label: string;
  readonly tabs: readonly TabSpec[];
  readonly selected?: string;
  readonly onSelect?: (id: string) => void;
}

/** Tabs that give the open panel the room that is left. */
export function Tabs({ label, tabs, selected, onSelect }: TabsProps): ReactNode {
  return (
    <AriaTabs
      className="flex min-h-0 flex-1 flex-col"
      {...(selected === undefined ? {} : { selectedKey: selected })}
      onSelectionChange={(key) => onSelect?.(String(key))}
    >
      <TabList aria-label={label} className="flex flex-wrap gap-x-1 border-b border-line">
        {tabs.map((tab) => (
          <Tab
            key={tab.id}
            id={tab.id}
            className="-mb-px rounded-t-md border-b-2 border-transparent px-3 py-2 text-muted outline-offset-[-2px] hover:text-text data-selected:border-accent data-selected:font-medium data-selected:text-text"
          >
            {tab.label}
            {tab.note ? <span className="text-sm text-muted"> {tab.note}</span> : null}
          </Tab>
        ))}
      </TabList>
      {tabs.map((tab) => (
        <TabPanel key={tab.id} id={tab.id} className="flex min-h-0 flex-1 flex-col pt-4 outline-offset-[-2px]">
          {tab.content()}
        </TabPanel>
      ))}
    </AriaTabs>
  );
}
