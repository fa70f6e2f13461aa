// SPDX-License-Identifier: LGPL-2.1-or-later
import { LoaderCircle } from 'lucide-react';
import type { ReactNode } from 'react';

/** Shows itself after a second only: what is quicker needs no spinner. */
export function Spinner({ label }: { label: string }): ReactNode {
  return (
    <p className="flex animate-appear-late items-center gap-2 text-muted">
      <LoaderCircle aria-hidden className="size-4 animate-spin" />
      {label}
    </p>
  );
}
