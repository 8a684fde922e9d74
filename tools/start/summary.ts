import type { Paint } from './paint.js';
import { seconds } from './printer.js';
import type { DevelopmentCredentials } from './provision-development.js';

export interface Address {
  readonly name: string;
  readonly url: string;
  readonly pid?: number | undefined;
  readonly note?: string | undefined;
}

export interface SummaryContent {
  readonly services: readonly Address[];
  readonly servers: readonly Address[];
  /** From the start of this process until all were healthy. */
  readonly tookMs: number;
  readonly gatewayUrl: string | undefined;
  readonly gatewayToken: string;
  readonly brokerUrl: string | undefined;
  readonly credentials: DevelopmentCredentials | undefined;
  readonly inboxUrl: string | undefined;
  /** The page on which SMS are read that go nowhere. */
  readonly sandboxUrl: string | undefined;
  /** A process worth killing to see what happens. */
  readonly victim: { readonly name: string; readonly pid: number } | undefined;
  readonly dataDir: string;
}

/** What stands on the screen when all is up: addresses, what to try, how to stop. */
export function summary(content: SummaryContent, paint: Paint): string {
  const { services, servers, credentials, tookMs, dataDir } = content;
  const steps = tries(content, paint).map((it, i) => `  ${i + 1}. ${it.join('\n     ')}`);
  const all = [
    `${paint('Angarium is up', 'green')} after ${seconds(tookMs)}`,
    table(services, paint),
    table(servers, paint),
    ...(credentials === undefined && content.gatewayUrl === undefined ? [] : [keys(content, paint)]),
    ...(steps.length === 0 ? [] : [paint('Try it', 'bold'), ...steps]),
    `${paint('Ctrl-C', 'bold')} stops everything. The data stay in ${dataDir}; the process ids are in ${dataDir}/pids.json.`,
  ];
  return `\n${all.join('\n\n')}\n`;
}

function table(addresses: readonly Address[], paint: Paint): string {
  const rows = addresses.map((it) => ({ ...it, url: it.pid === undefined ? withoutPassword(it.url) : it.url, process: it.pid === undefined ? '' : `process ${it.pid}` }));
  const width = (column: 'name' | 'url' | 'process') => Math.max(...rows.map((it) => it[column].length));
  const [names, urls, processes] = [width('name'), width('url'), width('process')];
  const lines = rows.map(({ name, url, process, note = '' }) => {
    const rest = `${process.padEnd(processes)}  ${note}`.trimEnd();
    return `  ${name.padEnd(names)}  ${paint(url, 'cyan')}${' '.repeat(urls - url.length)}  ${paint(rest, 'grey')}`.trimEnd();
  });
  return lines.join('\n');
}

/** What the broker and the gateway are called with; made once, so that they are the same at the next start. */
function keys({ credentials, gatewayUrl, gatewayToken }: SummaryContent, paint: Paint): string {
  const rows: Address[] = [];
  if (credentials !== undefined) {
    const { tenant, apiKey, service, serviceToken } = credentials;
    rows.push({ name: 'API key', url: apiKey, note: `tenant ${tenant}: publish, consume, admin` });
    rows.push({ name: 'service token', url: serviceToken, note: `${service}: all of /internal` });
  }
  if (gatewayUrl !== undefined) rows.push({ name: 'gateway token', url: gatewayToken, note: 'operator: all of the gateway (GATEWAY_TOKEN)' });
  return table(rows, paint);
}

/** Things to do, each a sentence and the lines to paste. */
function tries({ gatewayUrl, gatewayToken, brokerUrl, credentials, inboxUrl, sandboxUrl, victim, servers }: SummaryContent, paint: Paint): string[][] {
  const steps: string[][] = [];
  if (gatewayUrl !== undefined) {
    const ada = '{"email":"ada@example.com","username":"ada","password":"correct horse battery"}';
    steps.push(['Register a user', `curl -i ${gatewayUrl}/register -H 'content-type: application/json' -d '${ada}'`]);
    if (inboxUrl !== undefined) steps.push([`Read the mail she got: ${paint(inboxUrl, 'cyan')}`]);
    const header = `-H 'authorization: Bearer ${gatewayToken}'`;
    steps.push([
      'See her profile and what was recorded about her; USER_ID is the userId in the answer to the first command',
      `curl ${header} '${gatewayUrl}/users/USER_ID'`,
      `curl ${header} '${gatewayUrl}/audit?subject=USER_ID'`,
    ]);
    if (sandboxUrl !== undefined) steps.push(verification(`curl ${header} -H 'content-type: application/json' ${gatewayUrl}/verifications`, paint(sandboxUrl, 'cyan')));
    steps.push([`See what the queues did, at ${paint(`${gatewayUrl}/admin/queues`, 'cyan')}: any name, and as password ${gatewayToken}`]);
  }
  if (brokerUrl !== undefined && credentials !== undefined) {
    const post = `curl -H 'authorization: Bearer ${credentials.apiKey}' -H 'content-type: application/json'`;
    steps.push([
      'Make a topic, subscribe to it, publish a message and pull it; SUBSCRIPTION_ID is the id in the answer to the second command',
      `${post} ${brokerUrl}/api/v1/mq/queues -d '{"name":"orders"}'`,
      `${post} ${brokerUrl}/api/v1/mq/subscriptions -d '{"topic":"orders","group":"billing","destination":{"type":"pull"}}'`,
      `${post} ${brokerUrl}/api/v1/mq/publish -d '{"topic":"orders","payload":{"orderId":"o-1"}}'`,
      `${post} ${brokerUrl}/api/v1/mq/subscriptions/SUBSCRIPTION_ID/pull -d '{"max":10}'`,
    ]);
  }
  const redis = servers.find((it) => it.name === 'Redis')?.pid;
  if (victim !== undefined) {
    const kill = `kill -9 ${victim.pid}`;
    const also = redis === undefined ? '' : `, or Redis (kill -9 ${redis})`;
    steps.push([`Kill ${victim.name}${also}: it comes back, and no message is lost`, kill]);
  }
  return steps;
}

function verification(post: string, sandbox: string): string[] {
  const of = '"phone":"13800138000","purpose":"login"';
  return [`Send a code by SMS and check it; CODE is in the SMS, at ${sandbox}`, `${post} -d '{${of}}'`, `${post}/check -d '{${of},"code":"CODE"}'`];
}

/** The embedded servers' passwords are no secret and are wanted for psql; those of the user's own servers are. */
function withoutPassword(text: string): string {
  return text.replace(/^([a-z+]+:\/\/[^/@:]*):[^@]*@/, '$1:***@');
}
