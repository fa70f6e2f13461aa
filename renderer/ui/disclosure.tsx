// SPDX-License-Identifier: LGPL-2.1-or-later
import { ChevronRight } from 'lucide-react';
import type { ReactNode } from 'react';
import { Button, Disclosure as AriaDisclosure, DisclosurePanel } from 'react-aria-components';

/** A line that opens to more. Its content is only made once open. */
export function Disclosure({ summary, children }: { summary: ReactNode; children: () => ReactNode }): ReactNode {
  return (
    <AriaDisclosure className="group/disclosure">
      {({ isExpanded }) => (
        <>
          <Button
            slot="trigger"
            className="flex w-full items-center gap-2 rounded-md py-1 text-left outline-offset-0 hover:text-accent-strong"
          >
            <ChevronRight aria-hidden className={`size-4 shrink-0 text-muted transition-transform ${isExpanded ? 'rotate-90' : ''}`} />
            <span className="min-w-0 flex-1">{summary}</span>
          </Button>
          <DisclosurePanel>{isExpanded ? <div className="pt-1 pl-6">{children()}</div> : null}</DisclosurePanel>
        </>
      )}
    </AriaDisclosure>
  );
}
