import { setTimeout as pause } from 'node:timers/promises';
import { openSql } from '@angarium/database';
import { silentLogger } from '@angarium/observability';
import { describeStep, faultSequence } from './faults/fault-sequence.js';
import { makeFault, type FaultParts, type RedisLoss } from './faults/make-fault.js';
import { judgeRun, missing, type Verdict } from './judge/judge-run.js';
import { RECOVERY_GOAL_MS, RecoveryWatch, type Recovery } from './judge/recovery-watch.js';
import { StoreFacts } from './judge/store-facts.js';
import { waitForQuiet } from './judge/wait-for-quiet.js';
import { startLoad, type Load } from './load/run-load.js';
import { subscriptionPlans } from './load/subscriptions.js';
import type { LogFiles } from './system/log-files.js';
import { Replicas } from './system/replicas.js';
import { startGround } from './system/start-ground.js';

const WARM_UP_COUNT = 50;
const WARM_UP_MS = 30_000;
const SHOWN_EVIDENCE = 3;

export interface ChaosPlan {
  readonly seed: number;
  readonly durationMs: number;
  readonly replicaCount: number;
  readonly fsync: 'always' | 'everysec';
}

export interface ChaosRun extends Verdict {
  readonly stepCount: number;
  readonly recoveries: readonly Recovery[];
  readonly longestCallMs: number;
  /** What Postgres knows of some of the messages that show a breach. */
  readonly evidence: readonly string[];
}

/** Starts everything, makes faults, cures them, waits until all is quiet, and judges. Servers and replicas are stopped whatever happens. */
export async function runChaos(plan: ChaosPlan, say: (line: string) => void, logs: LogFiles): Promise<ChaosRun> {
  const ground = await startGround(plan.fsync);
  const sql = openSql({ url: ground.databaseUrl, poolSize: 2, logger: silentLogger, applicationName: 'chaos' });
  const replicas = new Replicas(ground, plan.replicaCount, (nth, line) => logs.write(`replica-${nth}`, line));
  let load: Load | undefined;
  try {
    await replicas.ready();
    const recovery = new RecoveryWatch();
    load = await startLoad(ground, replicas, recovery);
    await warmUp(load);
    const [redisLosses, broken]: [RedisLoss[], string[]] = [[], []];
    const parts: FaultParts = { ground, replicas, sql, onRedisLoss: (it) => redisLosses.push(it), onBroken: (what) => broken.push(what) };
    const stepCount = await makeFaults(plan, parts, { recovery, load, say });
    await load.stopPublishing();
    say('no more faults, no more messages; waiting until all is quiet');
    const facts = new StoreFacts(sql);
    const verdict = await judge(plan, { load, replicas, recovery, facts, redisLosses, broken });
    const ns = verdict.breaches.flatMap((it) => it.ns.slice(0, SHOWN_EVIDENCE));
    const evidence = await evidenceOf([...new Set(ns)], facts, load);
    return { ...verdict, stepCount, recoveries: recovery.recoveries, longestCallMs: load.calls.longestMs, evidence };
  } finally {
    await load?.stop();
    await replicas.stop();
    await sql.end();
    await ground.stop();
  }
}

async function warmUp(load: Load): Promise<void> {
  for (const startedAtMs = performance.now(); load.arrivalCount() < WARM_UP_COUNT; await pause(20)) {
    if (performance.now() - startedAtMs > WARM_UP_MS) throw new Error(`Before any fault ${load.arrivalCount()} messages arrived in ${WARM_UP_MS / 1_000} s; the broker does not work.`);
  }
}

interface Witnesses {
  readonly recovery: RecoveryWatch;
  readonly load: Load;
  readonly say: (line: string) => void;
}

/** @returns how many steps were made. */
async function makeFaults({ seed, durationMs, replicaCount }: ChaosPlan, parts: FaultParts, { recovery, load, say }: Witnesses): Promise<number> {
  const startedAtMs = Date.now();
  for (const step of faultSequence(seed, replicaCount)) {
    const what = describeStep(step);
    say(`${step.nth}. ${what}`);
    await makeFault(step, parts);
    const isLast = Date.now() - startedAtMs >= durationMs;
    const mustRecover = isLast || step.restMs !== undefined;
    const storesBackAtMs = Date.now();
    await parts.replicas.ready();
    const curedAtMs = step.alsoKilled === undefined && !('replica' in step.fault) ? storesBackAtMs : Date.now();
    const outcome = mustRecover ? recoveryInWords(await recovery.since(curedAtMs, what)) : 'on to the next';
    const repeats = load.newRepeats();
    say(`   cured; ${outcome}${repeats === '' ? '' : `; delivered again: ${repeats}`}`);
    if (isLast) return step.nth;
    await pause(step.restMs ?? 0);
  }
  return 0;
}

function recoveryInWords(ms: number | undefined): string {
  if (ms === undefined) return 'NO DELIVERY';
  return `a delivery after ${ms} ms${ms > RECOVERY_GOAL_MS ? ', which is long' : ''}`;
}

interface Watched {
  readonly load: Load;
  readonly replicas: Replicas;
  readonly recovery: RecoveryWatch;
  readonly facts: StoreFacts;
  readonly redisLosses: readonly RedisLoss[];
  readonly broken: readonly string[];
}

async function judge({ fsync }: ChaosPlan, { load, replicas, recovery, facts, redisLosses, broken }: Watched): Promise<Verdict> {
  const { book, arrived, early, calls, refusals } = load;
  const gone = (dead: Awaited<ReturnType<StoreFacts['dead']>>) => subscriptionPlans.flatMap((plan) => missing(plan, { book, arrived, dead }));
  const notQuiet = await waitForQuiet({
    owed: () => facts.owed(),
    arrivalCount: () => load.arrivalCount(),
    missingCount: async () => gone(await facts.dead()).length,
  });
  await load.stop();
  const dead = await facts.dead();
  return judgeRun({
    ...{ book, arrived, early, redisLosses, fsync, dead, plans: subscriptionPlans, recoveries: recovery.recoveries },
    recordedAtMs: await facts.recordedAtMs([...new Set(gone(dead))]),
    storedTwice: await facts.storedTwice(),
    brokenNumbering: await facts.brokenNumbering(),
    said: [
      ...(notQuiet === undefined ? [] : [notQuiet]),
      ...calls.late.map((it) => `a call was not settled in time: ${it}`),
      ...refusals.map((it) => `a publish was refused: ${it}`),
      ...[...replicas.deaths, ...broken],
    ],
  });
}

async function evidenceOf(ns: readonly number[], facts: StoreFacts, { book, arrived }: Load): Promise<string[]> {
  const lines: string[] = [];
  for (const n of ns) {
    const at = subscriptionPlans.flatMap(({ name }) => (arrived(name).includes(n) ? [name] : []));
    lines.push(`message ${n}: ${JSON.stringify(book.get(n) ?? 'unknown')}; arrived at ${at.join(', ') || 'none'}`, ...(await facts.evidence(n)).map((it) => `  ${it}`));
  }
  return lines;
}
