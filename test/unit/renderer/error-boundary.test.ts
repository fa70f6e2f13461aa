// SPDX-License-Identifier: LGPL-2.1-or-later
import { expect, it, vi } from 'vitest';
import { ErrorBoundary } from '../../../renderer/app/error-boundary.tsx';

it('a fault of a page is told, with its place, instead of taking the window away', () => {
  const fallback = vi.fn((report: object) => JSON.stringify(report));
  const boundary = new ErrorBoundary({ children: 'the page', fallback });
  expect(boundary.render()).toBe('the page');
  boundary.state = ErrorBoundary.getDerivedStateFromError(new TypeError('rows is null'));
  expect(boundary.render()).toContain('rows is null');
  expect(fallback.mock.calls[0]?.[0]).toMatchObject({ code: 'internal.unexpected', detail: expect.stringMatching(/^rows is null\n.*at /) });
  expect(ErrorBoundary.getDerivedStateFromError('thrown text').report).toMatchObject({ detail: 'thrown text' });
});
