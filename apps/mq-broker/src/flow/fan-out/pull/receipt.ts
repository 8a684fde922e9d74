import { MqErrors } from '../../../errors.js';

/**
 * Proof that a message was given to somebody. `stream`: an entry of the subscription's group in the life of Redis that `epoch` names.
 * `ledger`: a row, under a lease.
 */
export type Receipt =
  | { readonly kind: 'stream'; readonly partition: number; readonly offset: number; readonly epoch: string; readonly takenAtMs: number; readonly messageId: string }
  | { readonly kind: 'ledger'; readonly id: string; readonly token: string; readonly partition: number; readonly offset: number; readonly attempt: number; readonly redrives: number; readonly takenAtMs: number; readonly messageId: string };

const stream = /^s\.(\d{1,4})\.(\d{1,16})\.([0-9a-f]{1,16})\.([0-9a-z]{1,12})\.([\x21-\x7e]{1,200})$/;
const ledger = /^l\.([0-9a-f-]{36})\.([0-9a-f-]{36})\.(\d{1,4})\.(\d{1,16})\.(\d{1,6})\.(\d{1,6})\.([0-9a-z]{1,12})\.([\x21-\x7e]{1,200})$/;

export function writeReceipt(it: Receipt): string {
  const taken = `${it.takenAtMs.toString(36)}.${it.messageId}`;
  return it.kind === 'stream'
    ? `s.${it.partition}.${it.offset}.${it.epoch}.${taken}`
    : `l.${it.id}.${it.token}.${it.partition}.${it.offset}.${it.attempt}.${it.redrives}.${taken}`;
}

/** @throws MQ_RECEIPT_INVALID */
export function readReceipt(text: string): Receipt {
  const ofStream = stream.exec(text);
  if (ofStream) {
    const [, partition, offset, epoch = '', taken = '0', messageId = ''] = ofStream;
    return { kind: 'stream', partition: Number(partition), offset: Number(offset), epoch, takenAtMs: Number.parseInt(taken, 36), messageId };
  }
  const ofLedger = ledger.exec(text);
  if (ofLedger) {
    const [, id = '', token = '', partition, offset, attempt, redrives, taken = '0', messageId = ''] = ofLedger;
    return { kind: 'ledger', id, token, partition: Number(partition), offset: Number(offset), attempt: Number(attempt), redrives: Number(redrives), takenAtMs: Number.parseInt(taken, 36), messageId };
  }
  throw MqErrors.MQ_RECEIPT_INVALID();
}
