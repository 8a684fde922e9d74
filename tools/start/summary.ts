import type { Paint } from './paint.js';
import { seconds } from './printer.js';

export interface Address {
  readonly name: string;
  readonly url: string;
  readonly pid?: number | undefined;
  readonly note?: string;
}

export interface SummaryContent {
  readonly addresses: readonly Address[];
  /** From the start of this process until all were healthy. */
  readonly startMs: number;
  readonly gatewayUrl: string | undefined;
  readonly inboxUrl: string | undefined;
  readonly gatewayToken: string;
  /** A process worth killing to see what happens. */
  readonly victim: { readonly name: string; readonly pid: number } | undefined;
  readonly dataDir: string;
}

/** What stands on the screen when all is up: addresses, what to try, how to stop. */
export function summary({ addresses, startMs, gatewayUrl, inboxUrl, gatewayToken, victim, dataDir }: SummaryContent, paint: Paint): string {
  const shown = addresses.map((it) => ({ ...it, url: withoutPassword(it.url, it.pid !== undefined) }));
  const [nameWidth, urlWidth] = [Math.max(...shown.map((it) => it.name.length)), Math.max(...shown.map((it) => it.url.length))];
  const rows = shown.map(({ name, url, pid, note }) => {
    const process = pid === undefined ? '' : `process ${pid}`;
    return `  ${name.padEnd(nameWidth)}  ${paint(url, 'cyan')}${' '.repeat(urlWidth - url.length)}  ${paint([process, note ?? ''].filter((it) => it !== '').join(', '), 'grey')}`.trimEnd();
  });
  const ada = '{"email":"ada@example.com","username":"ada","password":"correct horse battery"}';
  const tries: (string | undefined)[] = [
    gatewayUrl && `${paint('Register a user', 'bold')}\n  curl -i ${gatewayUrl}/register -H 'content-type: application/json' -d '${ada}'`,
    inboxUrl && gatewayUrl && `${paint('Read the welcome mail', 'bold')}\n  ${paint(inboxUrl, 'cyan')}`,
    gatewayUrl && `${paint('Protected routes', 'bold')} want this header\n  authorization: Bearer ${gatewayToken}`,
    victim && `${paint('Kill one', 'bold')} and see the others take over: ${victim.name}\n  kill -9 ${victim.pid}`,
  ];
  const all = [
    `${paint('Angarium is up', 'green')} ${paint(`after ${seconds(startMs)}`, 'grey')}`,
    rows.join('\n'),
    ...tries.filter((it) => it !== undefined && it !== ''),
    `${paint('Ctrl-C', 'bold')} stops everything; the data stay in ${dataDir}`,
  ];
  return `\n${all.join('\n\n')}\n`;
}

/** The embedded servers' passwords are no secret and are wanted for psql; those of the user's own servers are. */
function withoutPassword(text: string, isOwn: boolean): string {
  if (isOwn) return text;
  return text.replace(/^([a-z+]+:\/\/[^/@:]*):[^@]*@/, '$1:***@');
}
