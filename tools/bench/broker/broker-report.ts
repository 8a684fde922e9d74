import type { BrokerPlan, BrokerRun } from './run-broker.js';
export interface Circumstances {
  readonly date: string;
  readonly command: string;
  readonly machine: string;
  readonly fsyncMs: number;
}
export function brokerReport(run: BrokerRun, _plan: BrokerPlan, _c: Circumstances): string {
  return [...run.memory].map(([part, bytes]) => `${part} ${Math.round(bytes / 1e6)} MB`).join(', ');
}
