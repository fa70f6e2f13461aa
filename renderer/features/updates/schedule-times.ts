// SPDX-License-Identifier: LGPL-2.1-or-later
/** The next time it is `hour` o'clock here; Unix seconds. Tomorrow's if today's has passed. */
export function nextHour(hour: number, now: Date): number {
  const at = new Date(now);
  at.setHours(hour, 0, 0, 0);
  if (at <= now) at.setDate(at.getDate() + 1);
  return Math.floor(at.getTime() / 1000);
}

const two = (value: number): string => String(value).padStart(2, '0');

/** What an input of type datetime-local holds for a time: local, to the minute. */
export function toLocalInput(unixSeconds: number): string {
  const at = new Date(unixSeconds * 1000);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** Unix seconds of what such an input holds; undefined while it is incomplete. */
export function fromLocalInput(value: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/.test(value)) return undefined;
  const time = new Date(value).getTime();
  return Number.isNaN(time) ? undefined : Math.floor(time / 1000);
}
