/** How long critical jobs waited, from a worker's histogram. */
export class Waits {
  /** @param counts jobs by the upper bound of their wait, in seconds; `+Inf`: all of them. */
  constructor(private readonly counts: ReadonlyMap<string, number>) {}

  /** Those that began after this was read. */
  until(later: Waits): Waits {
    return new Waits(new Map([...later.counts].map(([bound, count]) => [bound, count - (this.counts.get(bound) ?? 0)])));
  }

  /** Part of the jobs that waited no longer, 0 to 1; NaN where there are none. @param seconds a bound of the histogram. */
  shareWithin(seconds: number): number {
    return (this.counts.get(String(seconds)) ?? Number.NaN) / (this.counts.get('+Inf') ?? Number.NaN);
  }
}

const bucket = /^bull_job_wait_seconds_bucket\{(?=.*priority="critical").*le="([^"]+)".*\} (\d+)$/gm;

/** What a worker counted so far. @param url of the worker. */
export async function readWaits(url: string): Promise<Waits> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return new Waits(new Map([...text.matchAll(bucket)].map(([, bound = '', count]) => [bound, Number(count)])));
}
