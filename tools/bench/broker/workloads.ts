/** What may be lost after it was acknowledged. D2: nothing, it is on disk (fsync); -: nothing is kept at all. */
export type DurabilityClass = 'D2' | '-';

export interface WorkloadInfo {
  /** For `--only`. */
  readonly name: string;
  readonly title: string;
  readonly durability: DurabilityClass;
  readonly how: string;
  /** Whether the broker takes part. */
  readonly isOurs: boolean;
}

/** What is measured in turns, round after round. The backlog comes once, after the rounds. */
export const workloads = [
  { name: 'publish', title: 'Angarium, one by one', durability: 'D2', how: '`POST /publish`, 64 connections, one message of 215 bytes a request; API key, tenant, rate limit and JSON Schema checked', isOurs: true },
  { name: 'batch', title: 'Angarium, batches of 100', durability: 'D2', how: '`POST /publish/batch`, 16 connections', isOurs: true },
  { name: 'null', title: 'bare Fastify, one by one', durability: '-', how: 'the same requests to a Fastify handler that parses the body and answers: the limit of HTTP', isOurs: false },
  { name: 'null-batch', title: 'bare Fastify, batches of 100', durability: '-', how: 'the batches to the same handler', isOurs: false },
  { name: 'bullmq', title: 'BullMQ add', durability: 'D2', how: '`queue.add`, 64 in flight from one process, no HTTP', isOurs: false },
  { name: 'pg-boss', title: 'pg-boss send', durability: 'D2', how: '`boss.send`, 64 in flight from one process over 10 connections, no HTTP', isOurs: false },
  { name: 'raw-xadd', title: 'raw ioredis XADD', durability: 'D2', how: '64 in flight from one process, auto-pipelined, no HTTP', isOurs: false },
  { name: 'webhook', title: 'publish to webhook', durability: 'D2', how: '500 messages a second by `POST /publish`, signed webhooks to a receiver on this machine', isOurs: true },
  { name: 'pull', title: 'pull and acknowledge', durability: 'D2', how: 'one client, batches of 500 from a topic that was filled before; it acknowledges a batch while it asks for the next', isOurs: true },
  { name: 'backlog', title: 'backlog', durability: 'D2', how: '`POST /publish` to a topic whose subscription is paused and has much waiting, and to one where nothing waits yet; then all of it is pulled', isOurs: true },
] as const satisfies readonly WorkloadInfo[];
export type WorkloadName = (typeof workloads)[number]['name'];

export const workloadNames: readonly WorkloadName[] = workloads.map(({ name }) => name);

export function infoOf(name: WorkloadName): WorkloadInfo {
  const info = workloads.find((it) => it.name === name);
  if (info === undefined) throw new Error(`no workload ${name}`);
  return info;
}
