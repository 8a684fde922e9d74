import { z } from 'zod';

/**
 * CloudEvents 1.0 attributes of an event or request (https://github.com/cloudevents/spec, v1.0.2, JSON format),
 * with these extensions: tenant, correlationid, traceparent (W3C trace context), sourceinstance, partitionkey.
 * In a stream entry they stand in the field `event`, the payload beside them in `data`.
 */
export const eventAttributesSchema = z.object({
  specversion: z.literal('1.0'),
  id: z.string().min(1).max(200),
  source: z.string().min(1),
  type: z.string().min(1),
  time: z.iso.datetime(),
  datacontenttype: z.literal('application/json'),
  dataschema: z.string().optional(),
  subject: z.string().optional(),
  tenant: z.string().min(1),
  correlationid: z.string().min(1),
  traceparent: z.string().optional(),
  sourceinstance: z.string().min(1),
  partitionkey: z.string().optional(),
});
export type EventAttributes = z.output<typeof eventAttributesSchema>;

/** An event as it is stored in an outbox and handed between services: attributes and the payload's JSON. */
export interface EncodedEvent {
  readonly attributes: EventAttributes;
  /** The payload as JSON text, checked against its contract. */
  readonly data: string;
}

/** Belongs to nobody in particular: the tenant of messages that this system makes for itself. */
export const SYSTEM_TENANT = 'system';
