import { bundleScripts } from '../../bundle-scripts.js';
import { clientOf, type BenchParts } from './bench-parts.js';
import { startSystem } from './start-system.js';
import type { PeerArgument } from '../workers/serve-peer.js';
import { Worker } from '../../process/worker.js';
import type { Commands } from '../../process/worker-protocol.js';
import type { WorkloadName } from '../workloads.js';

const peerNames: readonly WorkloadName[] = ['bullmq', 'pg-boss', 'raw-xadd'];

/** Starts the servers, the broker and those processes that the workloads need. */
export async function startParts(root: string, workloads: readonly WorkloadName[], profileDir?: string): Promise<BenchParts & { stop(): Promise<void> }> {
  const stops: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const it of stops.splice(0).reverse()) await it();
  };
  const startWorker = async <C extends Commands>(script: string, argument?: unknown): Promise<Worker<C>> => {
    const [path = ''] = await bundleScripts(root, [`broker/workers/${script}`]);
    const worker = await Worker.start<C>(path, script, argument);
    stops.push(() => worker.stop());
    return worker;
  };
  try {
    const system = await startSystem(root, profileDir);
    stops.push(() => system.stop());
    const argument: PeerArgument = { redisUrl: system.redisServer.url, databaseUrl: system.postgres.url };
    const peers: BenchParts['peers'] = new Map(
      await Promise.all(peerNames.filter((it) => workloads.includes(it)).map(async (name) => [name, await startWorker(`peer-${name}`, argument)] as const)),
    );
    return {
      ...{ system, peers, stop },
      client: clientOf(system),
      load: await startWorker('http-load'),
      nullServer: await startWorker('null-server'),
      sink: await startWorker('sink'),
      puller: await startWorker('puller'),
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
