// SPDX-License-Identifier: LGPL-2.1-or-later
import { useEffect, useRef, type RefObject } from 'react';

interface KeptFocus {
  /** Of the heading that takes the focus over; with tabIndex -1. */
  readonly title: RefObject<HTMLHeadingElement | null>;
  /** Of the section, with the dialogs that it opens. */
  readonly onFocus: () => void;
}

/** The section that has the focus or lost it last; kept over a section that is made anew for another version. */
let within: string | undefined;

/** What is pressed in a section may go away with what it did: the section's heading then has the focus, unless the person has gone elsewhere. */
export function useKeptFocus(section: string): KeptFocus {
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    const leave = (): void => {
      within = undefined;
    };
    // before the section hears of it
    document.addEventListener('focusin', leave, true);
    document.addEventListener('pointerdown', leave, true);
    return () => {
      document.removeEventListener('focusin', leave, true);
      document.removeEventListener('pointerdown', leave, true);
    };
  }, []);
  useEffect(() => {
    const frame = requestAnimationFrame(() => {
      if (within === section && document.activeElement === document.body) title.current?.focus();
    });
    return () => cancelAnimationFrame(frame);
  });
  const onFocus = (): void => {
    within = section;
  };
  return { title, onFocus };
}
