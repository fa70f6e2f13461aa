// SPDX-License-Identifier: LGPL-2.1-or-later
import { useEffect } from 'react';
import { hostActions, useHost } from '../model/host-store.ts';
import { goTo, sections } from '../model/route-store.ts';

/** Ctrl+1..6 sections, Ctrl+F the search field of the page, F5 check. Not while a dialog is open. */
export function useShortcuts(): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      if (document.querySelector('[role=alertdialog], [role=dialog]')) return;
      const section = event.ctrlKey && !event.altKey && !event.shiftKey ? sections[Number(event.key) - 1] : undefined;
      if (section) {
        event.preventDefault();
        goTo(section);
      } else if (event.ctrlKey && event.key.toLowerCase() === 'f') {
        const field = document.querySelector<HTMLInputElement>('[data-find-field]');
        if (!field) return;
        event.preventDefault();
        field.focus();
        field.select();
      } else if (event.key === 'F5') {
        event.preventDefault();
        const { snapshot, job } = useHost.getState();
        const reachable = snapshot && !['absent', 'untrusted', 'restarting'].includes(snapshot.service.kind);
        if (reachable && !job) void hostActions.check();
      }
    };
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  }, []);
}
