import { z } from 'zod';

/** A contract's schema: an object, because payloads grow by fields. */
export type PayloadSchema = z.ZodType<object>;

interface Described {
  /** `domain.entity.verb` or `domain.verb`; events end in a past participle. Jobs are `verb-object`. */
  readonly name: string;
  /** Raised with every change that a reader of the old version could not take. */
  readonly version: number;
  readonly description: string;
}

/** A fact. Every subscribed service handles it at least once, one replica of each. */
export interface EventContract<S extends PayloadSchema = PayloadSchema> extends Described {
  readonly kind: 'event';
  readonly schema: S;
  readonly example: z.output<S>;
  /** The entity the fact is about: CloudEvents `subject`, and the key whose order a handler may ask for. */
  subjectOf(payload: z.output<S>): string;
}

/** A question with one answer or a typed error before the deadline. */
export interface RequestContract<Q extends PayloadSchema = PayloadSchema, R extends PayloadSchema = PayloadSchema> extends Described {
  readonly kind: 'request';
  readonly schema: Q;
  readonly responseSchema: R;
  readonly example: z.output<Q>;
  readonly responseExample: z.output<R>;
  /** Default deadline in milliseconds. */
  readonly timeoutMs: number;
}

/** An order, done once or parked with its reason. */
export interface JobContract<S extends PayloadSchema = PayloadSchema> extends Described {
  readonly kind: 'job';
  readonly queue: QueueName;
  readonly schema: S;
  readonly example: z.output<S>;
  /** How long one attempt may take, in milliseconds. */
  readonly timeoutMs: number;
  /** Paths of the payload that no list of jobs shows, such as `html` or `emails.*.html`. */
  readonly hidden?: readonly string[];
  /** Paths of personal data, of which lists of jobs show a part. */
  readonly masked?: readonly string[];
  /** Fields on the top level that are encrypted while the job is kept. Texts only. */
  readonly sealed?: readonly string[];
}

/** A hint that every replica hears, best effort. */
export interface SignalContract<S extends PayloadSchema = PayloadSchema> extends Described {
  readonly kind: 'signal';
  readonly schema: S;
  readonly example: z.output<S>;
}

export type Contract = EventContract | RequestContract | JobContract | SignalContract;

/** What a handler of the contract receives. */
export type PayloadOf<C extends { readonly schema: PayloadSchema }> = z.output<C['schema']>;
/** What a caller may give: optional fields with defaults may be left out. */
export type InputOf<C extends { readonly schema: PayloadSchema }> = z.input<C['schema']>;
/** What a request is answered with. */
export type ResponseOf<C extends { readonly responseSchema: PayloadSchema }> = z.output<C['responseSchema']>;

export const queueNames = [
  'email',
  'sms',
  'notification',
  'device-operation',
  'data-export',
  'report-generation',
  'image-processing',
  'log-processing',
] as const;
export type QueueName = (typeof queueNames)[number];

type Without<C extends Contract> = Omit<C, 'kind'>;

/** Declares an event. Pure: registering happens in `catalogue.ts`. */
export function defineEvent<S extends PayloadSchema>(contract: Without<EventContract<S>>): EventContract<S> {
  return Object.freeze({ kind: 'event' as const, ...contract });
}

/** Declares a request and its response. */
export function defineRequest<Q extends PayloadSchema, R extends PayloadSchema>(contract: Without<RequestContract<Q, R>>): RequestContract<Q, R> {
  return Object.freeze({ kind: 'request' as const, ...contract });
}

/** Declares a job of one queue. */
export function defineJob<S extends PayloadSchema>(contract: Without<JobContract<S>>): JobContract<S> {
  return Object.freeze({ kind: 'job' as const, ...contract });
}

/** Declares a signal. */
export function defineSignal<S extends PayloadSchema>(contract: Without<SignalContract<S>>): SignalContract<S> {
  return Object.freeze({ kind: 'signal' as const, ...contract });
}
