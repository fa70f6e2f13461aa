import { afterAll, beforeAll, expect, test } from 'vitest';
import { createHostClient } from '../../main/client/index.ts';
import { startTestHost, type TestHost } from './host.ts';

let host: TestHost;
beforeAll(async () => {
  host = await startTestHost();
});
afterAll(async () => {
  console.log(host?.helperLog());
  await host?.stop();
});

test('line', async () => {
  const client = createHostClient({ address: host.address });
  const snap = await client.snapshot();
  console.log(JSON.stringify(snap).slice(0, 1500));
  client.onJob((job) => console.log(job.phase, job.progress?.step, job.progress?.fraction));
  host.publish(2);
  await client.checkForUpdate().catch((e) => console.log('check', e));
  const job = await client.upgrade({});
  console.log(job);
  console.log(await client.rollback({}));
  console.log(await client.history(10));
  expect((await client.snapshot()).deployments.length).toBe(2);
  client.close();
});
