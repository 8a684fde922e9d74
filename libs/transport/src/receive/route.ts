import type { EventContract, RequestContract } from '@angarium/contracts';
import type { MessageHandler } from '@nestjs/microservices';
import type { RetryPolicy } from './retry-policy.js';

/** Where entries of one stream go. */
export interface Route {
  readonly kind: 'event' | 'request';
  /** Event or request type; of plain NestJS patterns their normalised form. */
  readonly type: string;
  readonly stream: string;
  readonly deadStream: string;
  readonly handler: MessageHandler;
  /** Undefined for plain NestJS patterns that no contract declares: their payload is passed on unchecked. */
  readonly contract: EventContract | RequestContract | undefined;
  readonly isOrdered: boolean;
  readonly retry: RetryPolicy;
}
