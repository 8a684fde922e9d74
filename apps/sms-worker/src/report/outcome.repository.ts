import { SmsDelivered, SmsFailed, SmsSent, smsProviders, type EncodedEvent, type SmsProviderName } from '@angarium/contracts';
import { addToOutbox, InjectDatabase, type Database, type Transaction } from '@angarium/database';
import { encodeEvent, type Source } from '@angarium/transport';
import { Injectable } from '@nestjs/common';
import type { DeliveryStatus } from '../claim/delivery.repository.js';
import { decideMove, type Decision, type Move } from './decide-move.js';

/** Which SMS is meant: our id, or what the provider calls it. */
export interface Moving {
  readonly deliveryId?: string;
  readonly provider?: SmsProviderName;
  readonly providerMessageId?: string;
}

interface Row {
  readonly id: string;
  readonly tenant: string;
  readonly idempotencyKey: string;
  readonly position: number;
  readonly status: DeliveryStatus;
  readonly provider: string | null;
  readonly providerMessageId: string | null;
  readonly segments: number | null;
  readonly isClosed: boolean;
}

/** What a move changed. */
export interface Moved extends Decision {
  readonly deliveryId: string;
}

@Injectable()
export class OutcomeRepository {
  constructor(@InjectDatabase() private readonly db: Database<'sms'>) {}

  /**
   * Moves one SMS and tells of it in the same transaction. Idempotent: what brings nothing new changes and tells nothing.
   * With `provider`, only an SMS that is with that provider moves.
   * @returns undefined where there is no such SMS, or nothing changed. @throws DATABASE_UNAVAILABLE, DATABASE_BUSY
   */
  move(which: Moving, move: Move, source: Source): Promise<Moved | undefined> {
    return this.db.$transaction(async (tx) => {
      const row = await findForUpdate(tx, which);
      if (row === undefined || (which.provider !== undefined && row.provider !== which.provider)) return undefined;
      const decision = decideMove(row.status, row.isClosed, move);
      const messageId = 'providerMessageId' in move ? move.providerMessageId : undefined;
      if (decision === undefined) {
        // an early receipt named no message; the answer does
        if (messageId !== undefined && row.providerMessageId === null) await noteMessageId(tx, row.id, messageId);
        return undefined;
      }
      await write(tx, row.id, decision, move);
      const events = decision.tells.map((tell) => eventOf(tell, { ...row, providerMessageId: row.providerMessageId ?? messageId ?? null }, move, source));
      await addToOutbox(tx, ...events);
      return { deliveryId: row.id, ...decision };
    });
  }
}

async function findForUpdate(tx: Transaction<'sms'>, { deliveryId, provider, providerMessageId }: Moving): Promise<Row | undefined> {
  const rows = await tx.$queryRaw<Row[]>`
    SELECT id::text AS id, tenant, idempotency_key AS "idempotencyKey", position, status::text AS status, provider,
      provider_message_id AS "providerMessageId", segments, closed_at IS NOT NULL AS "isClosed"
    FROM "sms"."sms_deliveries"
    WHERE id = ${deliveryId ?? null}::uuid OR (provider = ${provider ?? null}::text AND provider_message_id = ${providerMessageId ?? null}::text)
    ORDER BY (id = ${deliveryId ?? null}::uuid) DESC NULLS LAST LIMIT 1
    FOR UPDATE`;
  return rows[0];
}

async function noteMessageId(tx: Transaction<'sms'>, id: string, messageId: string): Promise<void> {
  await tx.$executeRaw`UPDATE "sms"."sms_deliveries" SET provider_message_id = ${messageId} WHERE id = ${id}::uuid`;
}

async function write(tx: Transaction<'sms'>, id: string, { status }: Decision, move: Move): Promise<void> {
  const sent = move.to === 'sent' ? move : undefined;
  const failure = 'reason' in move ? { code: codeOf(move), reason: move.reason } : undefined;
  const messageId = 'providerMessageId' in move ? (move.providerMessageId ?? null) : null;
  await tx.$executeRaw`
    UPDATE "sms"."sms_deliveries"
    SET status = ${status}::"sms"."sms_delivery_status", updated_at = now(),
      provider_message_id = coalesce(provider_message_id, ${messageId}::text),
      segments = coalesce(${sent?.segments ?? null}::int, segments),
      price = coalesce(${sent?.price?.amount ?? null}::float8, price), currency = coalesce(${sent?.price?.currency ?? null}::text, currency),
      last_code = ${failure?.code ?? null}::text, last_error = ${failure?.reason.slice(0, 500) ?? null}::text,
      sent_at = CASE WHEN ${status === 'sent' || status === 'delivered'} THEN coalesce(sent_at, now()) ELSE sent_at END,
      closed_at = CASE WHEN ${status === 'sent'} THEN NULL ELSE now() END
    WHERE id = ${id}::uuid`;
}

function eventOf(tell: Decision['tells'][number], row: Row, move: Move, source: Source): EncodedEvent {
  const { id: deliveryId, idempotencyKey, position, tenant, segments, providerMessageId } = row;
  const provider = smsProviders.find((it) => it === row.provider);
  const shared = { deliveryId, idempotencyKey, position };
  const at = move.at.toISOString();
  const options = { tenant };
  if (tell === 'failed' || provider === undefined) {
    const reason = 'reason' in move ? move.reason.slice(0, 500) : '';
    return encodeEvent(SmsFailed, { ...shared, ...(provider && { provider }), code: codeOf(move), reason, failedAt: at }, source, options);
  }
  if (tell === 'delivered') return encodeEvent(SmsDelivered, { ...shared, provider, deliveredAt: at }, source, options);
  const count = (move.to === 'sent' ? move.segments : undefined) ?? segments ?? undefined;
  return encodeEvent(SmsSent, { ...shared, provider, ...(providerMessageId !== null && { providerMessageId }), ...(count !== undefined && { segments: count }), sentAt: at }, source, options);
}

function codeOf(move: Move): string {
  if (move.to === 'unknown') return 'SMS_OUTCOME_UNKNOWN';
  return 'code' in move ? move.code : 'SMS_FAILED';
}
