import { waitFor } from '@angarium/testing';
import type { Api, Registered } from './api.js';
import { checkBroker, createApiKey } from './check-broker.js';
import { checkConfinement } from './check-confinement.js';
import { checkTemplates, expectOneMailEach } from './check-mails.js';
import { checkDashboard, checkMailQueue, checkSms } from './check-queues.js';
import { isOurs, listContainers, oneShot, waitUntilHealthy, type Container } from './containers.js';
import type { Docker } from './docker.js';
import { figures } from './figures.js';
import { killInTheMiddle } from './kill-in-the-middle.js';

export interface CheckContext {
  readonly docker: Docker;
  readonly project: string;
  readonly api: Api;
  /** Tells that a step begins, runs it, tells how long it took and what it answers. @throws whatever the work throws */
  readonly step: (what: string, work: () => Promise<string | void>) => Promise<void>;
  readonly say: (text: string) => void;
}

const scale = { 'email-worker': 3, 'sms-worker': 2 } as const;
const userCount = 20;
/** Enough that some mails are still on their way when the engine has got round to killing. */
const killedUserCount = 80;
const healthyTimeoutMs = 180_000;
const mailTimeoutMs = 60_000;

/** The whole life of the compose file: build, up, use, kill, stop. Leaves the containers stopped. @throws Error naming what does not hold. */
export async function checkSystem(context: CheckContext): Promise<void> {
  const { docker, project, api, step, say } = context;
  const users: Registered[] = [];
  await step('the compose file is valid', async () => void (await docker.compose('config', '--quiet')));
  await step('build all images', async () => void (await docker.compose('build')));
  const scaled = Object.entries(scale).flatMap(([service, count]) => ['--scale', `${service}=${count}`]);
  await step(`up --detach ${scaled.join(' ')}, until all are healthy`, async () => {
    await docker.compose('up', '--detach', '--no-build', ...scaled);
    const containers = await waitUntilHealthy(docker, project, healthyTimeoutMs);
    for (const [name, count] of Object.entries(scale)) {
      const found = containers.filter(({ service }) => service === name).length;
      if (found !== count) throw new Error(`there are ${found} containers of ${name}, not ${count}`);
    }
    return `${containers.length} containers`;
  });
  const running = async () => (await listContainers(docker, project)).filter((it) => isOurs(it) && it.service !== oneShot);
  await step('our containers run without rights', async () => checkConfinement(docker, await running()));
  await step(`register ${userCount} users; each gets one mail`, async () => {
    users.push(...(await Promise.all(names('first', userCount).map((name) => api.register(name)))));
    await api.waitForMails(users, mailTimeoutMs);
    await expectOneMailEach(api, users);
  });
  await step('GET /users/:id and GET /audit answer with the token only', async () => {
    for (const user of [users[0], users.at(-1)]) if (user !== undefined) await checkRecords(api, user);
  });
  await step('the mail is its template, and MJML is compiled in the container', async () => {
    if (users[0] !== undefined) await checkTemplates(api, users[0]);
    await checkMailQueue(api, users.length);
  });
  await step('the dashboard of the queues and its files are there, with the token only', async () => checkDashboard(api));
  await step('the SMS workers answer', async () => checkSms(api));
  await step(`register ${killedUserCount} more and kill an email worker; each gets one mail, the worker comes back`, async () => {
    const killed = (await running()).find(({ service }) => service === 'email-worker');
    if (killed === undefined) throw new Error('no email worker runs');
    const { registered, answeredAtKill } = await killInTheMiddle(docker, api, names('second', killedUserCount), killed);
    users.push(...registered);
    await api.waitForMails(registered, mailTimeoutMs);
    const restarts = async () => ((await running()).find(({ id }) => id === killed.id)?.restartCount ?? 0) - killed.restartCount;
    await waitFor(async () => (await restarts()) === 1, { what: `${killed.name} to be started again, once`, timeoutMs: 30_000, everyMs: 200 });
    await waitUntilHealthy(docker, project, healthyTimeoutMs);
    const repeated = await expectOneMailEach(api, users, true);
    return `${killed.name} was killed when ${answeredAtKill} were answered${repeated === 0 ? '' : `; ${repeated} arrived again, with the same Message-ID`}`;
  });
  let apiKey = '';
  await step('make an API key', async () => void (apiKey = await createApiKey(docker)));
  await step('publish messages and kill the broker; all of them are consumed', async () => {
    const broker = (await running()).find(({ service }) => service === 'mq-broker');
    if (broker === undefined) throw new Error('no broker runs');
    const told = await checkBroker(docker, api.brokerUrl, apiKey, broker);
    await waitUntilHealthy(docker, project, healthyTimeoutMs);
    return told;
  });
  say(await figures(docker, await listContainers(docker, project)));
  await step('stop: everything ends with exit code 0', async () => {
    await docker.compose('stop');
    expectCleanExit(await listContainers(docker, project));
  });
}

const names = (prefix: string, length: number) => Array.from({ length }, (_, i) => `${prefix}-${i + 1}`);

async function checkRecords(api: Api, { userId, email }: Registered): Promise<void> {
  const paths = [`/users/${userId}`, `/audit?subject=${userId}`] as const;
  for (const path of paths) {
    const { status } = await api.get(path, false);
    if (status !== 401) throw new Error(`GET ${path} without the token answered ${status}, not 401`);
  }
  const user = await api.get(paths[0]);
  const isUser = user.status === 200 && user.body['email'] === email && user.body['profile'] !== null;
  if (!isUser) throw new Error(`GET ${paths[0]} answered ${JSON.stringify(user)}`);
  const audit = await api.get(paths[1]);
  const actions = (audit.body['records'] as readonly { action: string }[] | undefined)?.map(({ action }) => action);
  if (audit.status !== 200 || String(actions) !== 'user.created') throw new Error(`GET ${paths[1]} answered ${JSON.stringify(audit)}`);
}

function expectCleanExit(containers: readonly Container[]): void {
  const wrong = containers.filter(({ status, exitCode }) => status !== 'exited' || exitCode !== 0);
  if (wrong.length > 0) throw new Error(wrong.map(({ name, status, exitCode }) => `${name} is ${status} with exit code ${exitCode}`).join(', '));
}
