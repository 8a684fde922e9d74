import { drained, nextPhase, nextTopic, systemMeter, type BenchParts } from '../system/bench-parts.js';
import { storeFault } from './ledger-faults.js';
import { measured, startMeter, type Measured } from './measured.js';
import { batchBody, publishBody, topicOf } from '../workers/orders.js';
import { cpuOfTree } from '../../process/process-usage.js';
import type { ClosedResult } from '../workers/http-load.js';

export interface PublishShape {
  /** Messages of one request; 1: `POST /publish`, else `POST /publish/batch`. */
  readonly size: number;
  readonly connections: number;
}

export const one: PublishShape = { size: 1, connections: 64 };
export const hundred: PublishShape = { size: 100, connections: 16 };

const pathOf = ({ size }: PublishShape) => (size === 1 ? '/api/v1/mq/publish' : '/api/v1/mq/publish/batch');
const bodyOf = (topic: string, { size }: PublishShape) => (size === 1 ? publishBody(topic, nextPhase(), 0) : batchBody(topic, nextPhase(), 0, size));

/** Publishes to a fresh topic as fast as it goes. What follows an answer (the way into the stream) is part of the CPU time. */
export async function measurePublish(parts: BenchParts, shape: PublishShape, durationMs: number): Promise<Measured> {
  const { system, client, load } = parts;
  const name = nextTopic();
  const { id } = await client.createTopic(topicOf(name));
  const spent = startMeter(systemMeter(system, load));
  const result = await load.call('closed', { url: `${system.url}${pathOf(shape)}`, apiKey: system.apiKey, body: bodyOf(name, shape), connections: shape.connections, durationMs });
  const committed = await drained(system, id);
  const cpu = spent();
  await client.deleteTopic(name);
  const messages = result.answered * shape.size;
  return measured({ ...timed(result), messages, fault: refusalOf(result) ?? storeFault(messages, committed, shape.size * shape.connections) }, cpu);
}

/** The same requests to a server that does nothing with them. */
export async function measureNull({ system, load, nullServer }: BenchParts, shape: PublishShape, durationMs: number): Promise<Measured> {
  const url = await nullServer.call('url');
  const spent = startMeter(() => ({ broker: cpuOfTree(nullServer.pid), client: cpuOfTree(load.pid) }));
  const result = await load.call('closed', { url: `${url}${pathOf(shape)}`, apiKey: system.apiKey, body: bodyOf('bench', shape), connections: shape.connections, durationMs });
  return measured({ ...timed(result), messages: result.answered * shape.size, fault: refusalOf(result) }, spent());
}

const timed = ({ firstAt, lastAt, latency }: ClosedResult) => ({ ms: lastAt - firstAt, latency });

function refusalOf({ answered, refused, refusals }: ClosedResult): string | undefined {
  if (refused > 0) return `${refused} refused (${refusals})`;
  return answered === 0 ? 'nothing was answered before the time was up' : undefined;
}
