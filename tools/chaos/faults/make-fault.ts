import { setTimeout as pause } from 'node:timers/promises';
import type { BrokerGround } from '@angarium/testing';
import type { Sql } from '@angarium/database';
import { Redis } from 'ioredis';
import type { Replicas } from '../system/replicas.js';
import type { Fault, Step, Store } from './fault-sequence.js';

/** A replica that has to pass a point this often may wait for a message that fails. */
const DIE_PATIENCE_MS = 12_000;

/** Redis may have lost what it had acknowledged. */
export interface RedisLoss {
  readonly kind: 'flushed' | 'killed';
  /** What Postgres had recorded before is safe. */
  readonly fromMs: number;
  /** What was sent later is safe, too. */
  readonly untilMs: number;
}

export interface FaultParts {
  readonly ground: BrokerGround;
  readonly replicas: Replicas;
  /** Past the proxy. */
  readonly sql: Sql;
  readonly onRedisLoss: (loss: RedisLoss) => void;
  /** Something that should not have happened. */
  readonly onBroken: (what: string) => void;
}

/** Makes the fault of a step and mends the stores and networks; replicas that it ended stay away until `replicas.ready()`. Resolves when that is done. */
export async function makeFault({ fault, alsoKilled }: Step, parts: FaultParts): Promise<void> {
  const hold = async (ms: number) => {
    await pause(ms / 2);
    if (alsoKilled !== undefined) await parts.replicas.kill(alsoKilled);
    await pause(ms / 2);
  };
  await make(fault, parts, hold);
}

async function make(fault: Fault, { ground, replicas, sql, onRedisLoss, onBroken }: FaultParts, hold: (ms: number) => Promise<void>): Promise<void> {
  switch (fault.kind) {
    case 'kill-replica':
      await replicas.kill(fault.replica);
      return hold(fault.downMs);
    case 'restart-replica': {
      const broken = await replicas.end(fault.replica);
      if (broken !== undefined) onBroken(broken);
      return;
    }
    case 'freeze-replica':
      return replicas.freeze(fault.replica, fault.holdMs);
    case 'die-at':
      await replicas.dieAt(fault.replica, `${fault.point}:${fault.passes}`, DIE_PATIENCE_MS);
      return;
    case 'kill-redis':
      onRedisLoss(await lossOf('killed', () => ground.redis.kill('SIGKILL')));
      await hold(fault.downMs);
      return ground.redis.restart();
    case 'freeze-redis':
      await ground.redis.kill('SIGSTOP');
      await hold(fault.holdMs);
      return ground.redis.kill('SIGCONT');
    case 'flush-redis':
      onRedisLoss(await lossOf('flushed', () => flush(ground.redis.url)));
      return hold(0);
    case 'kill-postgres':
      await ground.postgres.kill('SIGKILL');
      await hold(fault.downMs);
      return ground.postgres.restart();
    case 'terminate-connections':
      await sql.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'mq-broker'`);
      return;
    case 'half-open': {
      const proxy = proxyOf(ground, fault.store);
      proxy.halfOpen(fault.held);
      await hold(fault.holdMs);
      if (fault.isReset) proxy.reset();
      return proxy.pass();
    }
    case 'reset-connections': {
      const proxy = proxyOf(ground, fault.store);
      proxy.reset();
      await hold(fault.holdMs);
      return proxy.pass();
    }
  }
}

function proxyOf({ redisProxy, postgresProxy }: BrokerGround, store: Store) {
  return store === 'redis' ? redisProxy : postgresProxy;
}

async function lossOf(kind: RedisLoss['kind'], lose: () => Promise<void>): Promise<RedisLoss> {
  const fromMs = Date.now();
  await lose();
  return { kind, fromMs, untilMs: Date.now() };
}

async function flush(url: string): Promise<void> {
  const redis = new Redis(url);
  try {
    await redis.flushall();
  } finally {
    redis.disconnect();
  }
}
