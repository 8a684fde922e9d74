import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readWaits } from './read-waits.js';

const lines = (within: number, all: number) => [
  `bull_job_wait_seconds_bucket{le="0.02",queue="email",job="send-email",priority="critical",service="email-worker"} ${within}`,
  `bull_job_wait_seconds_bucket{le="+Inf",queue="email",job="send-email",priority="critical",service="email-worker"} ${all}`,
  'bull_job_wait_seconds_bucket{le="0.02",queue="email",job="send-email",priority="low",service="email-worker"} 999',
  '',
];

describe('waits of critical jobs', () => {
  it('are those that began between two looks, and of no other priority', async () => {
    const answers = [lines(10, 20), lines(13, 24)];
    const server = createServer((_request, response) => response.end(answers.shift()?.join('\n')));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const before = await readWaits(url);
    const waits = before.until(await readWaits(url));
    await new Promise((resolve) => server.close(resolve));
    expect(waits.shareWithin(0.02)).toBe(0.75);
    expect(waits.shareWithin(0.5)).toBeNaN();
  });
});
