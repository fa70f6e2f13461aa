// SPDX-License-Identifier: LGPL-2.1-or-later
// `npm run release -- VERSION`: the section of the changelog, the version everywhere, a commit, the packages, and the tag vVERSION once all went well.
// `--no-packages`: leave them to another machine. `--sign-key=FINGERPRINT`: sign tag and packages. Nothing is pushed: `git push --follow-tags` does that.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { LaunchError, runMain, steps } from './console.mjs';
import { capture, follow } from './processes.mjs';
import { ensureNodeModules, root } from './setup.mjs';

runMain(async () => {
  const { values, positionals } = parseArgs({
    options: { 'sign-key': { type: 'string' }, 'no-packages': { type: 'boolean', default: false } },
    allowPositionals: true,
  });
  if (positionals.length !== 1) throw new LaunchError('Which version? npm run release -- 1.2.3 [--sign-key=FINGERPRINT] [--no-packages]');
  await release(positionals[0], values['sign-key'], !values['no-packages']);
});

async function release(version, signKey, packages) {
  const say = steps(packages ? 3 : 2);
  say.step(`Version ${version}`);
  await ensureNodeModules(say);
  const { releasedChangelog, releaseProblem } = await import('./release-notes.mjs');
  const tags = git('tag', '--list', 'v*').split('\n').filter(Boolean);
  const problem = releaseProblem(version, tags);
  if (problem) throw new LaunchError(problem);
  const changed = git('status', '--porcelain', '--untracked-files=no');
  if (changed) throw new LaunchError(`These files have changes that no commit holds; commit or stash them first:\n${changed}`);

  const date = new Date(process.env.SOURCE_DATE_EPOCH ? Number(process.env.SOURCE_DATE_EPOCH) * 1000 : Date.now())
    .toISOString()
    .slice(0, 10);
  const { changelog, section } = releasedChangelog(read('CHANGELOG.md'), version, date);
  const before = git('rev-parse', 'HEAD');
  try {
    write('CHANGELOG.md', changelog);
    run('npm', ['version', version, '--no-git-tag-version', '--allow-same-version', '--ignore-scripts']);
    replace('shared/domain/version.ts', /(treelineVersion = ')[^']*'/, `$1${version}'`);
    replace('assets/system/org.treeline.Treeline.metainfo.xml', ...metainfoRow(version, date));
    git('commit', '--all', '--quiet', '--message', `Release ${version}`, '--message', 'The changes are in CHANGELOG.md.');
    if (packages) {
      say.step('Packages');
      const words = [path.join(root, 'main/launch/pack/pack.mjs'), ...(signKey ? [`--sign-key=${signKey}`] : [])];
      const made = await follow(process.execPath, words, { cwd: root, onLine: say.line });
      if (made.code !== 0) throw new LaunchError('The packages could not be made; what was said is above.');
    }
    say.step(`Tag v${version}`);
    // '#' begins a heading here, not a comment
    git(
      'tag',
      '--annotate',
      '--cleanup=whitespace',
      ...(signKey ? ['--local-user', signKey] : []),
      '--message',
      `Treeline ${version}\n\n${section}`,
      `v${version}`,
    );
  } catch (error) {
    // as before: only what no commit held was refused above, so nothing else is lost
    git('reset', '--quiet', '--hard', before);
    throw error;
  }
  say.line('git push --follow-tags publishes it');
}

/** One row for each release; a version that was announced before keeps its place and gets its date. */
function metainfoRow(version, date) {
  const row = `<release version="${version}" date="${date}"/>`;
  const there = new RegExp(`<release version="${version.replaceAll('.', '\\.')}"[^>]*/>`);
  return there.test(read('assets/system/org.treeline.Treeline.metainfo.xml')) ? [there, row] : [/<releases>/, `<releases>\n    ${row}`];
}

function read(file) {
  return readFileSync(path.join(root, file), 'utf8');
}

function write(file, text) {
  writeFileSync(path.join(root, file), text);
}

function replace(file, pattern, by) {
  const text = read(file);
  if (!pattern.test(text)) throw new LaunchError(`${file} has no line that says the version (${pattern}).`);
  write(file, text.replace(pattern, by));
}

function git(...args) {
  return run('git', args);
}

function run(program, args) {
  const { code, stdout, stderr } = capture(program, args, { cwd: root });
  if (code !== 0) throw new LaunchError(`${program} ${args[0]}: ${stderr.trim() || stdout.trim() || `ended with ${code}`}`);
  return stdout.trim();
}
