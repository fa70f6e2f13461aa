// SPDX-License-Identifier: LGPL-2.1-or-later
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runJob, type JobEvent } from '../../main/engine/jobs/index.ts';

let dir: string;
beforeAll(() => (dir = mkdtempSync(path.join(tmpdir(), 'treeline-worker-'))));
afterAll(() => rmSync(dir, { recursive: true }));

/** A stand-in for the worker program: the protocol's other end, to act every way a real one can die. */
function worker(body: string): string {
  const file = path.join(dir, `${Math.random().toString(36).slice(2)}.mjs`);
  writeFileSync(file, `import { writeSync } from 'node:fs';\nconst say = (o) => writeSync(3, JSON.stringify(o) + '\\n');\n${body}`);
  return file;
}

const run = (body: string, onEvent?: (event: JobEvent) => void) =>
  runJob('db.version', { revisions: [] }, { worker: worker(body), ...(onEvent && { onEvent }), killAfterMs: 150 });

test('events arrive in order, then the result', async () => {
  const events: JobEvent[] = [];
  const job = run(`say({type:'message',text:'a'}); say({type:'task',text:'t',done:false}); say({type:'result',result:[1]});`, (e) =>
    events.push(e),
  );
  expect(await job.done).toEqual([1]);
  expect(events.map((e) => e.type)).toEqual(['message', 'task', 'result']);
});

test('a typed error comes back typed', async () => {
  await expect(run(`say({type:'error',error:{code:'disk.full',subject:'/x'}}); process.exit(1)`).done).rejects.toMatchObject({
    code: 'disk.full',
    report: { subject: '/x' },
  });
});

test.each(['SIGKILL', 'SIGSEGV', 'SIGABRT'])('death by %s names the task that was going on', async (signal) => {
  const job = run(`say({type:'task',text:'Pulling x',done:false}); process.kill(process.pid,'${signal}'); setTimeout(()=>{},5000)`);
  await expect(job.done).rejects.toMatchObject({
    code: 'internal.worker-crashed',
    report: { subject: 'Pulling x', detail: expect.stringContaining(signal) },
  });
});

test('what a worker started ends with it, and its hold on fd 3 is nothing to wait for', async () => {
  let orphan = 0;
  const starts = `const child = spawn('sleep', ['1000'], { stdio: ['ignore', 'ignore', 'inherit', 3] });
    say({ type: 'message', text: String(child.pid) }); process.kill(process.pid, 'SIGKILL'); setTimeout(() => {}, 5000)`;
  const job = run(`import { spawn } from 'node:child_process';\n${starts}`, (event) => {
    if (event.type === 'message') orphan = Number(event.text);
  });
  await expect(job.done).rejects.toMatchObject({ code: 'internal.worker-crashed' });
  expect(orphan).toBeGreaterThan(0);
  await expect.poll(() => isRunning(orphan)).toBe(false);
});

/** proc_pid_stat(5): `Z` has ended, and waits to be collected. */
function isRunning(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

test('an end without a result is a crash, garbage is a protocol error', async () => {
  await expect(run('process.exit(0)').done).rejects.toMatchObject({ code: 'internal.worker-crashed' });
  await expect(run(`writeSync(3,'not json\\n')`).done).rejects.toMatchObject({ code: 'internal.protocol' });
  await expect(runJob('db.version', { revisions: [] }, { worker: '/nonexistent.mjs' }).done).rejects.toMatchObject({
    code: 'internal.worker-crashed',
  });
});

test('a GLib-CRITICAL fails the job even when the crash hides behind a signal', async () => {
  const job = run(
    `process.stderr.write('(process:1): GLib-CRITICAL **: 12:00:00.0: g_x: assertion failed\\n'); process.kill(process.pid,'SIGTRAP'); setTimeout(()=>{},5000)`,
  );
  await expect(job.done).rejects.toMatchObject({
    code: 'library.critical',
    report: { detail: expect.stringContaining('assertion failed') },
  });
});

test('cancel ends a worker that ignores SIGTERM', async () => {
  const job = run(`process.on('SIGTERM',()=>{}); say({type:'message',text:'ready'}); setInterval(()=>{},1000)`, (e) => {
    if (e.type === 'message') expect(job.cancel()).toBe(true);
  });
  await expect(job.done).rejects.toMatchObject({ code: 'job.cancelled' });
  // it would go on for ever
  expect(() => process.kill(job.pid as number, 0)).toThrow('ESRCH');
});

test('nothing is sent while boot entries are being written', async () => {
  let refused: boolean | undefined;
  const job = run(
    `say({type:'uninterruptible',on:true}); setTimeout(()=>{say({type:'uninterruptible',on:false}); say({type:'result',result:[]})},300)`,
    (e) => {
      if (e.type === 'uninterruptible' && e.on) refused = !job.cancel();
    },
  );
  expect(await job.done).toEqual([]);
  expect(refused).toBe(true);
});

test('a request is read whole from stdin, however large', async () => {
  const revisions = Array.from({ length: 50_000 }, (_, i) => `revision-${i}`);
  const job = runJob(
    'db.version',
    { revisions },
    {
      worker: worker(
        `import { text } from 'node:stream/consumers'; const r = JSON.parse(await text(process.stdin)); say({type:'result',result:r.params.revisions.length});`,
      ),
    },
  );
  expect(await job.done).toBe(50_000);
});
