import { cpuSum, shares, type Measured } from './measured.js';

/** One measurement on one line of the terminal. */
export function measurementInWords(found: Measured): string {
  const { fault, perSecond, cpu, latency, clientBusy, foreignShare } = found;
  const parts = shares.flatMap((share) => (cpu[share] === undefined ? [] : `${cpu[share].toFixed(1)} ${share}`));
  return [
    `${Math.round(perSecond).toLocaleString('en')}/s`.padStart(10),
    `${cpuSum(found).toFixed(1)} µs CPU each (${parts.join(' + ')})`,
    ...(latency === undefined ? [] : [`p50 ${latency.p50.toFixed(1)}  p95 ${latency.p95.toFixed(1)}  p99 ${latency.p99.toFixed(1)} ms`]),
    `client ${Math.round(clientBusy * 100)} % busy`,
    ...(foreignShare === undefined ? [] : [`others ${Math.round(foreignShare * 100)} %`]),
    ...(fault === undefined ? [] : [`VOID: ${fault}`]),
  ].join('  ');
}
