// SPDX-License-Identifier: LGPL-2.1-or-later
import { evrText } from './control.ts';

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const kept = 60;

/** A Debian changelog as the %changelog of a spec file, its newest entries. rpmbuild refuses dates that ascend: they are clamped. */
export function specChangelog(text: string): string {
  const entries: string[] = [];
  let version: string | undefined;
  let body: string[] = [];
  let previous = Infinity;
  for (const line of text.split('\n')) {
    const head = /^\S+ \(([^)]+)\)/.exec(line);
    const foot = /^ -- (.*?)\s{1,2}\w{3},?\s+(\d{1,2}) (\w{3}) (\d{4})/.exec(line);
    if (head) {
      version = head[1];
      body = [];
    } else if (foot && version !== undefined) {
      const [, who = '', day = '1', month = 'Jan', year = '1970'] = foot;
      previous = Math.min(previous, Date.UTC(Number(year), Math.max(0, months.indexOf(month)), Number(day)));
      entries.push(entry(new Date(previous), who, version, body));
      version = undefined;
      if (entries.length === kept) break;
    } else if (version !== undefined && line.trim() !== '') body.push(line);
  }
  return entries.join('\n').replace(/%/g, '%%');
}

function entry(date: Date, who: string, version: string, body: readonly string[]): string {
  const day = `${days[date.getUTCDay()]} ${months[date.getUTCMonth()]} ${String(date.getUTCDate()).padStart(2, '0')} ${date.getUTCFullYear()}`;
  const lines = body.map((line) => line.trim()).map((line) => (line.startsWith('* ') ? `- ${line.slice(2)}` : `  ${line}`));
  return `* ${day} ${who} - ${evrText(version)}\n${lines.length > 0 ? lines.join('\n') : '- (no text)'}\n`;
}
