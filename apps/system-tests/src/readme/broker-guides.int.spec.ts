import { spawnSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort, startChild, stopAfterTests, waitFor, type Service } from '@angarium/testing';
import { writeExamples, workspace, type ExampleWorkspace } from './example-workspace.js';
import { extractExamples, type Examples } from './extract-examples.js';
import { answerPattern } from './match-answer.js';
import { runSession } from './run-session.js';
import { startDocumentedBroker } from './start-documented-broker.js';

stopAfterTests();
const pages = ['README.md', 'docs/guides/publish.md', 'docs/guides/subscribe.md', 'docs/guides/webhooks.md', 'docs/guides/pull.md', 'docs/operations/broker-metrics.md'];
let found: Examples;
let examples: ExampleWorkspace;
let broker: Service;
let receiverPort: number;
beforeAll(async () => {
  found = extractExamples(...(await Promise.all(pages.map((page) => readFile(join(workspace, page), 'utf8')))));
  const [started, port] = await Promise.all([startDocumentedBroker(), freePort()]);
  broker = started.service;
  receiverPort = port;
  // where the pages read the key that npm start made
  examples = await writeExamples(new Map([...found.files, ['.data/secrets.json', JSON.stringify({ developmentApiKey: started.apiKey })]]));
});
afterAll(() => examples.remove());

const has = (program: string) => spawnSync(program, ['--version']).status === 0;

describe('the commands of a page', () => {
  it.each(['readme', 'publish', 'subscribe', 'webhooks', 'pull', 'metrics'])('session %s: print what the page shows, and no errors but those', async (name) => {
    const steps = found.sessions.get(name) ?? [];
    expect(steps.length).toBeGreaterThan(0);
    const replace = { 'http://127.0.0.1:3010': broker.url, 'http://127.0.0.1:8080': `http://127.0.0.1:${receiverPort}` };
    const here = (text: string) => Object.entries(replace).reduce((whole, [from, to]) => whole.replaceAll(from, to), text);
    for (const { commands, answer, output } of await runSession(steps, { cwd: examples.root, env: { PORT: String(receiverPort) }, replace })) {
      if (answer === undefined) expect(`${commands}\n${output}`).not.toContain('"code":"');
      else expect(output).toMatch(answerPattern(here(answer)));
    }
  });
});

describe('the receivers of webhooks.md', () => {
  const secret = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD';
  const languages = [
    ['receiver.mjs', process.execPath],
    ['receiver.py', 'python3'],
    ['Receiver.java', 'java'],
  ] as const;

  it.each(languages.filter(([, program]) => has(program)))('%s takes what is signed, once, and nothing else', async (file, program) => {
    const port = await freePort();
    const env = { ...process.env, PORT: String(port), SECRET: `whsec_bm90IHRoaXMgb25lLCB0aGUgb2xkIG9uZQ== ${secret}` };
    const receiver = startChild({ name: file, command: program, args: [file], cwd: examples.root, env });
    const post = (headers: Record<string, string>, body: string) => fetch(`http://127.0.0.1:${port}/hooks`, { method: 'POST', headers, body }).then(({ status }) => status);
    await waitFor(() => post({}, '{}').then((status) => status === 401, () => false), { what: `${file} to answer` });
    const body = '{"type":"parcel.sent","timestamp":"2026-11-21T04:38:07.920Z","data":{"parcel":"ä"}}';
    const good = signed(secret, 'one', body);
    expect(await post(good, body)).toBe(204);
    expect(await post(good, body)).toBe(204);
    expect(await post(good, body.replace('ä', 'a'))).toBe(401);
    expect(await post({ ...good, 'webhook-id': 'two' }, body)).toBe(401);
    expect(await post(signed(secret, 'old', body, Date.now() - 600_000), body)).toBe(401);
    expect(await post({ ...good, 'webhook-signature': `v1,AAAA ${good['webhook-signature']}` }, body)).toBe(204);
    await waitFor(() => receiver.output().includes('parcel'), { what: 'the message' });
    expect(receiver.output().match(/parcel"/g)).toHaveLength(1);
    await receiver.end('SIGKILL', 0);
  });
});

function signed(secret: string, id: string, body: string, nowMs = Date.now()): Record<string, string> {
  const seconds = String(Math.floor(nowMs / 1_000));
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': seconds, 'webhook-signature': `v1,${signature}`, 'content-type': 'application/json' };
}
