import { z } from 'zod';
import { defineEvent } from '../contract.js';

/** A message of a topic is to be shown to whoever is in a room. */
export const RealtimeMessagePublished = defineEvent({
  name: 'realtime.message.published',
  version: 1,
  description: 'A subscription with the destination `realtime` passes a message on to the clients in a room; the realtime gateway delivers it.',
  schema: z.object({
    room: z.string().min(1).max(200),
    event: z.string().min(1).max(100),
    messageId: z.string().min(1).max(200),
    topic: z.string().min(1).max(200),
    type: z.string().min(1).max(200),
    publishedAt: z.iso.datetime(),
    payload: z.unknown(),
  }),
  example: {
    room: 'order-o-1',
    event: 'order',
    messageId: '0190a6f0-7c1e-7b3a-9d52-3a5f6f1c2d4e',
    topic: 'orders',
    type: 'order.created',
    publishedAt: '2026-11-20T08:30:00.000Z',
    payload: { orderId: 'o-1' },
  },
  subjectOf: ({ room }) => room,
});

/** The broker gave up delivering to somebody. */
export const SubscriptionDisabled = defineEvent({
  name: 'broker.subscription.disabled',
  version: 1,
  description: 'The broker stopped delivering to a subscription: its receiver asked for it, or failed for days. A person should look, and resume it.',
  schema: z.object({
    subscriptionId: z.uuid(),
    topic: z.string().min(1).max(200),
    tenantId: z.uuid(),
    reason: z.string().min(1).max(200),
    disabledAt: z.iso.datetime(),
  }),
  example: {
    subscriptionId: '0190a6f0-7c1e-7b3a-9d52-3a5f6f1c2d4e',
    topic: 'orders',
    tenantId: '0190a6f0-7c1e-7b3a-9d52-3a5f6f1c2d4f',
    reason: 'The receiver answered 410.',
    disabledAt: '2026-11-20T08:30:00.000Z',
  },
  subjectOf: ({ subscriptionId }) => subscriptionId,
});
