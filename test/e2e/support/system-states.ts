// SPDX-License-Identifier: LGPL-2.1-or-later
import { click, inOrder, usual, type PageState } from './page-states.ts';
import * as f from './page-fixtures.ts';

const { kernelArgs: _, ...unknown } = f.booted;
const open = click('System');

/** How the machine starts. */
export const systemStates: readonly PageState[] = [
  {
    name: 'system-kargs',
    snapshot: f.snapshot(),
    answers: usual,
    act: open,
    shows: ['What 43.1 is started with', 'Nothing is changed'],
    showsNot: ['ostree=/ostree'],
  },
  {
    name: 'system-kargs-changed',
    snapshot: f.snapshot(),
    answers: usual,
    act: inOrder(
      open,
      click('Delete root=LABEL=root'),
      ({ page }) => page.getByRole('textbox', { name: 'quiet' }).fill('quiet=1'),
      ({ page }) => page.getByRole('textbox', { name: /^New argument/ }).fill('console=ttyS0,115200'),
      ({ page }) => page.keyboard.press('Enter'),
    ),
    shows: ['The system may not start without: root', 'rw quiet=1 console=ttyS0,115200', 'Deleted', 'Changed', 'New'],
  },
  {
    name: 'system-kargs-wrong',
    snapshot: f.snapshot(),
    answers: usual,
    act: inOrder(open, ({ page }) => page.getByRole('textbox', { name: /^New argument/ }).fill('name="open'), click('Add')),
    shows: ['Not a kernel argument', 'KEY=VALUE'],
  },
  {
    name: 'system-kargs-unknown',
    snapshot: f.snapshot({ deployments: [unknown] }),
    answers: usual,
    act: open,
    shows: ['doesn’t tell them'],
  },
];
