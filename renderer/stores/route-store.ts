import { create } from 'zustand';

export const sections = ['updates', 'history', 'activity'] as const;
export type Section = (typeof sections)[number];

interface RouteState {
  readonly section: Section;
}

export const useRoute = create<RouteState>(() => ({ section: 'updates' }));

export function goTo(section: Section): void {
  useRoute.setState({ section });
}
