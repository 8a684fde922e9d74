import { QueueService } from '@angarium/queues';
import { stopAfterTests, waitFor } from '@angarium/testing';
import { gatewayToken, startSystem, type System } from '../harness/start-system.js';

let system: System;
let queues: QueueService;
beforeAll(async () => {
  system = await startSystem({ replicas: { 'email-worker': 0 } });
  queues = new QueueService({ redisUrl: system.redis.url });
});
afterAll(() => queues.close());
// below the hook above: connections are closed while their server is there
stopAfterTests();

const call = (method: string, path: string, body?: object) =>
  fetch(`${system.gateway.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${gatewayToken}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  }).then(({ status }) => status);

/** What was done to it, the oldest first, as soon as there is so much. */
const trailOf = (subject: string, count: number) =>
  waitFor(
    async () => {
      const { records } = (await (await system.get(`/audit?subject=${encodeURIComponent(subject)}`)).json()) as { records: { action: string; actor: string; source: string }[] };
      return records.length >= count && records.reverse();
    },
    { what: `the audit trail of ${subject}` },
  );
const wait = async (idempotencyKey: string) => (await queues.sendEmail({ to: 'ada@example.com', subject: 'Hello', text: 'Hello' }, { idempotencyKey, delayMs: 600_000 })).jobId;

describe('what operators do to queues', () => {
  it('stands in the audit trail, with the key that did it, whether by the API or on the dashboard', async () => {
    expect(await call('POST', '/queues/email/pause')).toBe(200);
    expect(await call('POST', '/queues/email/resume')).toBe(200);
    expect(await call('PUT', '/admin/queues/api/queues/email/pause')).toBe(200);
    expect(await call('DELETE', '/queues/email/empty')).toBe(200);
    expect(await call('POST', '/queues/email/clean', { grace: 0 })).toBe(200);
    const trail = await trailOf('queues/email', 5);
    expect(trail.map(({ action }) => action).sort()).toEqual(['queue.clean', 'queue.empty', 'queue.pause', 'queue.pause', 'queue.resume']);
    expect(trail).toEqual(trail.map(() => expect.objectContaining({ actor: 'GATEWAY_TOKEN', source: 'gateway' }) as object));
  });

  it('to every queue at once stands in the trail of each', async () => {
    expect(await call('PUT', '/admin/queues/api/queues/pause')).toBe(200);
    expect(await trailOf('queues/sms', 1)).toMatchObject([{ action: 'queue.pause' }]);
    expect(await trailOf('queues/data-export', 1)).toMatchObject([{ action: 'queue.pause' }]);
  });

  it('and to jobs, too; what was refused is no deed', async () => {
    const [one, other] = [await wait('one'), await wait('other')];
    expect(await call('POST', `/queues/email/jobs/${one}/retry`)).toBe(409);
    expect(await call('DELETE', `/queues/email/jobs/${one}`)).toBe(204);
    expect(await call('PUT', `/admin/queues/api/queues/email/${other}/promote`)).toBeLessThan(300);
    expect(await trailOf(`queues/email/jobs/${other}`, 1)).toMatchObject([{ action: 'job.promote' }]);
    expect(await trailOf(`queues/email/jobs/${one}`, 1)).toMatchObject([{ action: 'job.remove' }]);
  });
});
