import { allStarted } from './started.js';

/**
 * Stops everything that this test file started and did not stop itself: programs first, then the servers they lean on.
 * Idempotent. What cannot be stopped does not keep the rest running.
 * @throws AggregateError naming what could not be stopped.
 */
export async function stopAll(): Promise<void> {
  const failures: { name: string; reason: unknown }[] = [];
  for (const kind of ['program', 'server'] as const) {
    const those = allStarted().filter((it) => it.kind === kind);
    const results = await Promise.allSettled(those.map((it) => it.stop()));
    results.forEach((result, index) => result.status === 'rejected' && failures.push({ name: those[index]!.name, reason: result.reason }));
  }
  if (failures.length === 0) return;
  throw new AggregateError(
    failures.map(({ reason }) => reason),
    `These could not be stopped: ${failures.map(({ name, reason }) => `${name} (${String(reason)})`).join(', ')}`,
  );
}
