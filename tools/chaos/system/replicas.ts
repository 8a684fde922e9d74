import { setTimeout as pause } from 'node:timers/promises';
import type { BrokerGround, Service } from '@angarium/testing';

const READY_MS = 60_000;
const STOP_MS = 20_000;
const RELAUNCH_MS = 500;
const SHOWN_LINES = 12;

interface Freeze {
  readonly url: string;
  readonly fromMs: number;
  untilMs: number;
}

/** The replicas, by number. Each keeps its INSTANCE_ID, as in a StatefulSet; one that ends by itself is started again. */
export class Replicas {
  /** Those that ended by themselves, with the end of their output. */
  readonly deaths: string[] = [];
  private readonly services: (Service | undefined)[];
  private readonly freezes: Freeze[] = [];
  private readonly expected = new WeakSet<Service>();
  private isStopping = false;

  constructor(
    private readonly ground: BrokerGround,
    readonly count: number,
    private readonly onLine: (replica: number, line: string) => void,
  ) {
    this.services = Array.from({ length: count }, () => undefined);
  }

  /** Where calls may go: not to one that is frozen, which whoever spreads them finds out. */
  urls(): string[] {
    return this.services.flatMap((it) => (it?.isRunning() === true && !this.isFrozen(it.url) ? [it.url] : []));
  }

  wasFrozen(url: string, fromMs: number, untilMs: number): boolean {
    return this.freezes.some((it) => it.url === url && it.fromMs < untilMs && it.untilMs > fromMs);
  }

  /** Starts those that do not run; resolves when all are ready. @throws Error with the output of one that is not ready in a minute. */
  async ready(): Promise<void> {
    await Promise.all(
      this.services.map(async (service, nth) => {
        const running = service?.isRunning() === true ? service : await this.launch(nth);
        await running.ready(READY_MS);
      }),
    );
  }

  /** Resolves when it is gone. */
  async kill(nth: number): Promise<void> {
    const service = this.services[nth];
    if (service === undefined) return;
    this.expected.add(service);
    await service.kill('SIGKILL');
  }

  /** Asks it to end. @returns undefined when it did as it should, else what it did. */
  async end(nth: number): Promise<string | undefined> {
    const service = this.services[nth];
    if (service?.isRunning() !== true) return undefined;
    this.expected.add(service);
    const startedAtMs = Date.now();
    await service.stop(STOP_MS);
    const { code, signal } = await service.exited;
    return code === 0 ? undefined : `replica ${nth} was asked to end and ended with ${signal ?? `code ${code}`} after ${Date.now() - startedAtMs} ms`;
  }

  async freeze(nth: number, holdMs: number): Promise<void> {
    const service = this.services[nth];
    if (service === undefined) return;
    const freeze: Freeze = { url: service.url, fromMs: Date.now(), untilMs: Number.POSITIVE_INFINITY };
    this.freezes.push(freeze);
    service.signal('SIGSTOP');
    await pause(holdMs);
    service.signal('SIGCONT');
    freeze.untilMs = Date.now();
  }

  /** Starts it anew so that it kills itself at a point; resolves when it has, or after `patienceMs` without. @returns whether it did. */
  async dieAt(nth: number, point: string, patienceMs: number): Promise<boolean> {
    await this.kill(nth);
    const service = await this.launch(nth, point);
    this.expected.add(service);
    const hasDied = await Promise.race([service.exited.then(() => true), pause(patienceMs, false)]);
    await service.kill('SIGKILL');
    return hasDied;
  }

  async stop(): Promise<void> {
    this.isStopping = true;
    await Promise.all(this.services.map((_, nth) => this.end(nth)));
  }

  private isFrozen(url: string): boolean {
    return this.freezes.some((it) => it.url === url && it.untilMs === Number.POSITIVE_INFINITY);
  }

  private async launch(nth: number, dieAt?: string): Promise<Service> {
    const env = { INSTANCE_ID: `replica-${nth}` };
    const service = await this.ground.launch({ env, onLine: (line) => this.onLine(nth, line), ...(dieAt === undefined ? {} : { dieAt }) });
    this.services[nth] = service;
    void service.exited.then(({ code, signal }) => this.heardOfEnd(nth, service, signal ?? `code ${code}`));
    return service;
  }

  private async heardOfEnd(nth: number, service: Service, how: string): Promise<void> {
    if (this.expected.has(service) || this.isStopping) return;
    const lines = service.output().trimEnd().split('\n').slice(-SHOWN_LINES).join('\n');
    this.deaths.push(`replica ${nth} ended by itself with ${how} at ${new Date().toISOString()}:\n${lines}`);
    await pause(RELAUNCH_MS);
    if (this.services[nth] === service && !this.isStopping) await this.launch(nth);
  }
}
