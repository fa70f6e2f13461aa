// SPDX-License-Identifier: LGPL-2.1-or-later
import { create } from 'zustand';

export const sections = ['updates', 'history', 'packages', 'system', 'compose', 'activity'] as const;
export type Section = (typeof sections)[number];

/** Another version than the one the last check found. */
export interface PreviewTarget {
  readonly refspec?: string;
  readonly revision?: string;
  readonly medium?: string;
}

/** A page that was opened from a section and leads back to it. */
export type View =
  | { readonly kind: 'review' }
  | { readonly kind: 'preview'; readonly target: PreviewTarget; readonly name: string }
  | { readonly kind: 'etc-drift' }
  | { readonly kind: 'change-source' };

interface RouteState {
  readonly section: Section;
  readonly view: View | undefined;
}

export const useRoute = create<RouteState>(() => ({ section: 'updates', view: undefined }));

export function goTo(section: Section): void {
  useRoute.setState({ section, view: undefined });
}

export function openView(view: View): void {
  useRoute.setState({ view });
}

/** From the page on top back to the section below it. */
export function closeView(): void {
  useRoute.setState({ view: undefined });
}
