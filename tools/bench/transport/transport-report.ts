import { markdownTable } from '../report/markdown-table.js';
import { median, spread } from '../report/statistics.js';
import { contenders, type ContenderInfo } from './contender.js';
import { judgeGoals } from './judge-goals.js';
import type { Kind, Measured } from './measure.js';
import { loads, type Memory, type Result, type TransportPlan, type TransportRun } from './run-transport.js';

export interface Circumstances {
  readonly date: string;
  readonly command: string;
  readonly machine: string;
  readonly fsyncMs: number;
}

/** More of the machine than this worked for others: the rates are too low, the times too long. */
const NOISY_SHARE = 0.1;

/** The whole result in Markdown. */
export function transportReport(run: TransportRun, plan: TransportPlan, { date, command, machine, fsyncMs }: Circumstances): string {
  const share = `${Math.round(run.foreignShare * 100)} % of the machine worked for others meanwhile${run.foreignShare > NOISY_SHARE ? ' (noisy: trust the CPU per message, not the rates)' : ''}`;
  return [
    '## Transport: emit to handler, request to reply',
    `\`${command}\`, ${date}. ${machine}; Redis ${run.redisVersion}, \`appendfsync always\`, one fsync of 4 kB ${fsyncMs.toFixed(2)} ms; ${share}.`,
    method(plan),
    sectionOf('emit', run.results),
    sectionOf('request', run.results),
    memorySection(run.memory),
    goalsSection(run.results),
  ].join('\n\n');
}

function method(plan: TransportPlan): string {
  const { emit, request } = loads;
  const seconds = plan.durationMs / 1_000;
  return [
    `One run, ${plan.rounds} rounds after a warm-up, all contenders in turns in every round; medians, smallest and largest in parentheses. Sender and receiver are`,
    'processes of their own, one each; 200-byte `user.created`, and `user.get` with an answer of 230 bytes.',
    `**Rate**: ${emit.inFlight} emits (${request.inFlight} requests) in flight for ${seconds} s, until the last one is handled.`,
    `**Latency**: ${emit.perSecond} emits (${request.perSecond} requests) a second for ${seconds} s whatever becomes of the others, from the moment at which each was meant to be sent to its handler (its answer);`,
    'the sender wakes once a millisecond, which is up to 1 ms of it.',
    '**CPU**: microseconds per message of sender + receiver + Redis at full rate.',
    '**Class**: D2 is on disk before the sender goes on and handed over until handled; D0 is in memory only, and lost when the receiver is away.',
    'A round in which a message was lost, doubled or refused does not count. Contenders:',
    ...plan.contenders.map(({ title, how }) => `${title}: ${how};`),
  ]
    .join('\n')
    .replace(/;$/, '.');
}

function sectionOf(kind: Kind, results: readonly Result[]): string {
  const what = kind === 'emit' ? 'Emit to handler' : 'Request to reply';
  const head = [what, 'class', '/s', 'CPU µs', 'sender + receiver + Redis', 'p50 ms', 'p95 ms', 'p99 ms', 'void'];
  return markdownTable(head, results.filter((it) => it.kind === kind).map(row));
}

function row({ contender, throughput, latency }: Result): string[] {
  const info = infoOf(contender);
  const [fast, slow] = [valid(throughput), valid(latency)];
  const cpu = (part: 'producerUs' | 'consumerUs' | 'redisUs') => median(fast.map((it) => it.cpu[part])).toFixed(1);
  const total = fast.map(({ cpu: { producerUs, consumerUs, redisUs } }) => producerUs + consumerUs + redisUs);
  const at = (part: 'p50' | 'p95' | 'p99') => spread(slow.flatMap((it) => it.latency?.[part] ?? []), (ms) => ms.toFixed(1));
  return [
    info.title,
    info.durability,
    spread(fast.map(({ perSecond }) => perSecond), thousands),
    median(total).toFixed(1),
    `${cpu('producerUs')} + ${cpu('consumerUs')} + ${cpu('redisUs')}`,
    at('p50'),
    at('p95'),
    at('p99'),
    faults([...throughput, ...latency]),
  ];
}

function memorySection(memory: readonly Memory[]): string {
  const mb = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;
  const rows = memory.map(({ contender, producerBytes, consumerBytes }) => [infoOf(contender).title, '', mb(producerBytes), mb(consumerBytes)]);
  return markdownTable(['Memory after the run', '', 'sender', 'receiver'], rows);
}

function goalsSection(results: readonly Result[]): string {
  const rows = judgeGoals(results).map(({ goal, found, isMet }) => [goal, isMet === undefined ? '?' : isMet ? 'met' : 'not met', found]);
  return markdownTable(['Goal', '', 'found'], rows);
}

function faults(all: readonly Measured[]): string {
  const found = all.flatMap(({ fault }) => fault ?? []);
  return found.length === 0 ? '' : `${found.length} of ${all.length}: ${found[0]}`;
}

const valid = (all: readonly Measured[]) => all.filter(({ fault }) => fault === undefined);

function infoOf(contender: string): ContenderInfo {
  const info = contenders.find(({ name }) => name === contender);
  if (info === undefined) throw new Error(`no contender ${contender}`);
  return info;
}

const thousands = (value: number) => Math.round(value).toLocaleString('en').replaceAll(',', ' ');
