import { z } from 'zod';

const TEN_YEARS_MS = 10 * 365 * 86_400_000;

/** What may be said of a job besides its payload; QueueService says what each means. */
export const jobOptionsSchema = z.object({
  idempotencyKey: z.string().max(500).optional(),
  /** 1 is taken first; the largest number is BullMQ's. */
  priority: z.int().min(1).max(2_097_152).optional(),
  delayMs: z.number().min(0).max(TEN_YEARS_MS).optional(),
  attempts: z.int().min(1).max(1_000).optional(),
  timeoutMs: z.int().min(1).optional(),
});
