import type { RedisConnection } from '@angarium/redis';

/** One SMS that would have been sent. */
export interface SandboxSms {
  readonly id: string;
  readonly deliveryId: string;
  readonly phone: string;
  readonly text?: string;
  readonly template?: { readonly id: string; readonly parameters: Readonly<Record<string, string>> };
  /** Milliseconds since 1970. */
  readonly sentAt: number;
}
export type SandboxState = 'sent' | 'delivered' | 'undelivered';
export type ShownSandboxSms = SandboxSms & { readonly state: SandboxState };
/** A receipt that is due: of which SMS, and what it will say. */
export interface SandboxReceipt {
  readonly id: string;
  readonly deliveryId: string;
  readonly state: 'delivered' | 'undelivered';
}

const KEPT = 500;
/** Everything is gone a day after the last SMS. */
const LIFE_S = 86_400;

/**
 * What the sandbox has, in Redis, so that all replicas share it: the newest 500 SMS for a day, their states, and the receipts that are due.
 * Keys stand in one slot of a cluster. For development: texts are in here, which they are nowhere else.
 */
export class SandboxStore {
  private readonly prefix: string;

  constructor(
    private readonly redis: RedisConnection,
    namespace: string,
  ) {
    this.prefix = `${namespace}:{sms-sandbox}`;
  }

  /** Keeps an SMS and makes its receipt due, both or neither. */
  async add(sms: SandboxSms, receipt: { readonly state: SandboxReceipt['state']; readonly dueAt: number }): Promise<void> {
    const due: SandboxReceipt = { id: sms.id, deliveryId: sms.deliveryId, state: receipt.state };
    await this.redis
      .multi()
      .lpush(this.key('messages'), JSON.stringify(sms))
      .ltrim(this.key('messages'), 0, KEPT - 1)
      .expire(this.key('messages'), LIFE_S)
      .set(this.key(`state:${sms.id}`), 'sent', 'EX', LIFE_S)
      .set(this.key(`delivery:${sms.deliveryId}`), sms.id, 'EX', LIFE_S)
      .zadd(this.key('receipts'), receipt.dueAt, JSON.stringify(due))
      .expire(this.key('receipts'), LIFE_S)
      .exec();
  }

  /** Newest first. */
  async list(count = KEPT): Promise<ShownSandboxSms[]> {
    const kept = (await this.redis.lrange(this.key('messages'), 0, count - 1)).map((text) => JSON.parse(text) as SandboxSms);
    if (kept.length === 0) return [];
    const states = await this.redis.mget(kept.map(({ id }) => this.key(`state:${id}`)));
    return kept.map((sms, index) => ({ ...sms, state: (states[index] ?? 'sent') as SandboxState }));
  }

  /** By its own id or by ours; undefined when the sandbox never had it or has forgotten it. */
  async find({ id, deliveryId }: { readonly id?: string | undefined; readonly deliveryId: string }): Promise<{ readonly id: string; readonly state: SandboxState } | undefined> {
    const known = id ?? (await this.redis.get(this.key(`delivery:${deliveryId}`)));
    const state = known === null ? null : await this.redis.get(this.key(`state:${known}`));
    return known === null || state === null ? undefined : { id: known, state: state as SandboxState };
  }

  /** Takes the receipts that are due at `now`; each is given to one replica only. */
  async takeDue(now: number): Promise<SandboxReceipt[]> {
    const due = await this.redis.zrangebyscore(this.key('receipts'), '-inf', now, 'LIMIT', 0, 100);
    const taken = await Promise.all(due.map(async (text) => (await this.redis.zrem(this.key('receipts'), text)) === 1));
    return due.filter((_, index) => taken[index]).map((text) => JSON.parse(text) as SandboxReceipt);
  }

  /** Gives a receipt back that could not be delivered. */
  async putBack(receipt: SandboxReceipt, dueAt: number): Promise<void> {
    await this.redis.zadd(this.key('receipts'), dueAt, JSON.stringify(receipt));
  }

  async setState(id: string, state: SandboxState): Promise<void> {
    await this.redis.set(this.key(`state:${id}`), state, 'EX', LIFE_S);
  }

  /** Forgets what is shown; receipts that are due still come. */
  async clear(): Promise<void> {
    await this.redis.del(this.key('messages'));
  }

  private key(name: string): string {
    return `${this.prefix}:${name}`;
  }
}
