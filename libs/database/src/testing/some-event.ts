import { randomUUID } from 'node:crypto';
import type { EncodedEvent } from '@angarium/contracts';

/** An event for tests; `name` stands in its payload. */
export function someEvent(name: string, id: string = randomUUID()): EncodedEvent {
  return {
    attributes: {
      ...{ specversion: '1.0', id, source: '/test', type: 'soup.cooked', time: '2026-11-20T08:30:00.000Z', datacontenttype: 'application/json' },
      ...{ tenant: 'system', correlationid: 'c-1', sourceinstance: 'test-1', partitionkey: 'pot' },
    },
    data: JSON.stringify({ name }),
  };
}

/** The name that `someEvent` was given. */
export function nameOf(event: EncodedEvent): string {
  return (JSON.parse(event.data) as { name: string }).name;
}
