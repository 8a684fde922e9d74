import type { CreateTopic } from '@angarium/contracts/broker-api';
import type { BodyInputOf } from '@angarium/contracts';
import { userId } from '../../transport/numbered-users.js';

/** A payload of 200 bytes of JSON; its id carries phase and number, so that a receiver can keep a ledger. */
export function orderOf(phase: number, n: number): object {
  return {
    orderId: userId(phase, n),
    customer: { id: 'c-48151623', country: 'GB' },
    currency: 'EUR',
    total: 1_249.5,
    lines: [
      { sku: 'AE-1843-NOTE-G', quantity: 2 },
      { sku: 'AE-1837-PLAN-25', quantity: 1 },
    ],
  };
}

const line = {
  type: 'object',
  required: ['sku', 'quantity'],
  properties: { sku: { type: 'string', maxLength: 40 }, quantity: { type: 'integer', minimum: 1 } },
  additionalProperties: false,
};

/** What every payload is checked by. */
const orderSchema = {
  type: 'object',
  required: ['orderId', 'customer', 'currency', 'total', 'lines'],
  properties: {
    orderId: { type: 'string', format: 'uuid' },
    customer: { type: 'object', required: ['id'], properties: { id: { type: 'string' }, country: { type: 'string', pattern: '^[A-Z]{2}$' } } },
    currency: { enum: ['EUR', 'GBP', 'USD'] },
    total: { type: 'number', minimum: 0 },
    lines: { type: 'array', minItems: 1, maxItems: 100, items: line },
  },
  additionalProperties: false,
};

/** A topic as `POST /queues` makes it by default, with the schema. */
export const topicOf = (name: string): BodyInputOf<typeof CreateTopic> => ({ name, schemaDefinition: orderSchema });

/** The body of `POST /publish`. */
export const publishBody = (topic: string, phase: number, n: number): string => JSON.stringify({ topic, payload: orderOf(phase, n) });

/** The body of `POST /publish/batch`: messages `first` to `first + size - 1`. */
export function batchBody(topic: string, phase: number, first: number, size: number): string {
  return JSON.stringify({ topic, messages: Array.from({ length: size }, (_, i) => ({ payload: orderOf(phase, first + i) })) });
}
