// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ReactNode } from 'react';
import { ProgressBar } from 'react-aria-components';

/** A progress bar; `fraction` undefined = no total is known yet, and none is invented. */
export function Bar({
  label,
  fraction,
  valueText,
}: {
  label: string;
  fraction: number | undefined;
  valueText?: string | undefined;
}): ReactNode {
  return (
    <ProgressBar
      aria-label={label}
      isIndeterminate={fraction === undefined}
      value={(fraction ?? 0) * 100}
      {...(valueText ? { valueLabel: valueText } : {})}
      className="block h-2 w-full overflow-hidden rounded-full bg-line"
    >
      {fraction === undefined ? (
        <div className="h-full w-1/3 animate-slide rounded-full bg-accent" />
      ) : (
        <div className="h-full rounded-full bg-accent transition-[width] duration-300" style={{ width: `${fraction * 100}%` }} />
      )}
    </ProgressBar>
  );
}
