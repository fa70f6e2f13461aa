// SPDX-License-Identifier: LGPL-2.1-or-later
import { Activity, CircleArrowUp, Cpu, History, Layers, Package, type LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from 'react-aria-components';
import { useHost } from '../model/host-store.ts';
import { goTo, sections, useRoute, type Section } from '../model/route-store.ts';

const icons: Record<Section, LucideIcon> = {
  updates: CircleArrowUp,
  history: History,
  packages: Package,
  system: Cpu,
  compose: Layers,
  activity: Activity,
};

/** The sections: beside the page, or below it in a narrow window. */
export function Rail(): ReactNode {
  const { t } = useTranslation();
  const current = useRoute((route) => route.section);
  const hasUpdate = useHost(({ snapshot }) => snapshot?.check.kind === 'available' && !snapshot.deployments.some((d) => d.staged));
  return (
    <nav aria-label={t('nav.label')} className="shrink-0 border-line bg-sidebar max-md:border-t md:w-52 md:border-r">
      <ul className="flex gap-1 p-2 md:flex-col">
        {sections.map((section, index) => {
          const Icon = icons[section];
          const selected = section === current;
          return (
            <li key={section} className="max-md:min-w-0 max-md:flex-1">
              <Button
                {...(selected ? { 'aria-current': 'page' as const } : {})}
                aria-keyshortcuts={`Control+${index + 1}`}
                onPress={() => goTo(section)}
                className={`flex w-full items-center gap-3 rounded-lg px-3 py-2 max-md:flex-col max-md:gap-0.5 max-md:px-1 max-md:py-1 ${selected ? 'bg-accent-soft font-medium text-accent' : 'hover:bg-hover'}`}
              >
                <Icon aria-hidden className="size-5 shrink-0" strokeWidth={1.75} />
                <span className="max-md:w-full max-md:truncate max-md:text-center max-md:text-xs">{t(`section.${section}`)}</span>
                {section === 'updates' && hasUpdate ? (
                  <span className="ml-auto size-2 rounded-full bg-accent max-md:hidden">
                    <span className="sr-only">{t('nav.updateWaiting')}</span>
                  </span>
                ) : null}
              </Button>
            </li>
          );
        })}
      </ul>
    </nav>
  );
}
