import { Injectable } from '@nestjs/common';
import { describeError } from '@angarium/errors';
import type { HealthCheck } from '@angarium/observability';

const DEADLINE_MS = 2_000;

export interface HealthReport {
  readonly status: 'ok' | 'error' | 'stopping';
  readonly checks: Readonly<Record<string, { status: 'up' | 'down'; reason?: string; [fact: string]: unknown }>>;
}

/** Everything the service cannot work without. Libraries and apps add their checks; readiness asks all of them. */
@Injectable()
export class HealthRegistry {
  private readonly checks: HealthCheck[] = [];
  private isStopping = false;

  add(...checks: HealthCheck[]): void {
    this.checks.push(...checks);
  }

  /** From now on not ready: load balancers send no new work while what is in flight ends. */
  announceStop(): void {
    this.isStopping = true;
  }

  /** Runs all checks beside each other, each with a deadline of 2 s. Never throws. */
  async report(): Promise<HealthReport> {
    const results = await Promise.all(this.checks.map(async (check) => [check.name, await runCheck(check)] as const));
    const isUp = results.every(([, { status }]) => status === 'up');
    return { status: this.isStopping ? 'stopping' : isUp ? 'ok' : 'error', checks: Object.fromEntries(results) };
  }
}

async function runCheck(check: HealthCheck): Promise<{ status: 'up' | 'down'; reason?: string }> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${DEADLINE_MS} ms`)), DEADLINE_MS);
  });
  try {
    return { status: 'up', ...(await Promise.race([check.check(), deadline])) };
  } catch (error) {
    return { status: 'down', reason: describeError(error) };
  } finally {
    clearTimeout(timer);
  }
}
