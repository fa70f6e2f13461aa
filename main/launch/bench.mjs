// SPDX-License-Identifier: LGPL-2.1-or-later
// `npm run bench`: runs test/bench/*.bench.mjs one after the other and makes one table of the JSON lines which they print on stdout:
// { name, treelineMs, referenceMs?, ratio? } for times beside those of another program, or { name (or what), value, unit, budget? }.
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { runMain, steps } from './console.mjs';
import { resolveElectron } from './electron-runtime.mjs';
import { againWithOwnRoot } from './own-root.mjs';
import { follow } from './processes.mjs';
import { checkNode, ensureBuild, ensureNodeModules, ensureSystemPackages, root } from './setup.mjs';

runMain(async () => {
  const ended = await againWithOwnRoot();
  if (ended !== undefined) return ended;
  checkNode();
  const folder = path.join(root, 'test/bench');
  const wanted = process.argv.slice(2);
  const files = readdirSync(folder).filter(
    (name) => name.endsWith('.bench.mjs') && (wanted.length === 0 || wanted.some((each) => name.includes(each))),
  );
  const say = steps(files.length + 1);
  say.step('Set-up');
  await ensureSystemPackages('test', say);
  await ensureNodeModules(say);
  await ensureBuild(say);
  const env = { ...process.env, ELECTRON_OVERRIDE_DIST_PATH: await resolveElectron(say) };
  const rows = [];
  let failed = 0;
  for (const name of files.sort()) {
    say.step(name);
    const onLine = (line) => {
      const row = parseRow(line);
      if (row) rows.push({ bench: name.replace('.bench.mjs', ''), ...row });
      else if (line.trim()) say.line(line);
    };
    const { code } = await follow(process.execPath, [path.join(folder, name)], { cwd: root, env, onLine });
    if (code !== 0) {
      failed += 1;
      say.warn(`${name} ended with ${code}`);
    }
  }
  console.log(`\n${table(rows)}`);
  return failed === 0 ? 0 : 1;
});

function parseRow(line) {
  if (!line.startsWith('{')) return undefined;
  let row;
  try {
    row = JSON.parse(line);
  } catch {
    return undefined;
  }
  const what = row.name ?? row.what;
  if (typeof what !== 'string') return undefined;
  const unit = row.unit ?? (row.treelineMs === undefined ? '' : 'ms');
  return { what, treeline: row.treelineMs ?? row.value, reference: row.referenceMs, ratio: row.ratio, budget: row.budget, unit };
}

function table(rows) {
  const columns = ['bench', 'what', 'treeline', 'reference', 'unit', 'ratio', 'budget'];
  const cells = [columns, ...rows.map((row) => columns.map((column) => String(row[column] ?? '')))];
  const widths = columns.map((_, index) => Math.max(...cells.map((line) => line[index].length)));
  return cells
    .map((line) =>
      line
        .map((text, index) => text.padEnd(widths[index]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
