import { MqErrors } from '../../../errors.js';

interface Given {
  readonly partition: number;
  readonly offset: number;
  readonly takenAtMs: number;
  /** Milliseconds since 1970: how long the message took is told without reading it again. */
  readonly publishedAtMs: number;
  readonly messageId: string;
}

/**
 * Proof that a message was given to somebody. `stream`: an entry of the subscription's group in the life of Redis that `epoch` names.
 * `ledger`: a row, under a lease.
 */
export type Receipt =
  | (Given & { readonly kind: 'stream'; readonly epoch: string })
  | (Given & { readonly kind: 'ledger'; readonly id: string; readonly token: string; readonly attempt: number; readonly redrives: number });

// uuids are shortened, as the API takes 300 characters and a message id alone may have 200; that stands last, as it may hold dots. Times have 8 or 9 digits to the base 36 from 1973 to 5138
const stream = /^s\.(\d{1,4})\.(\d{1,16})\.([0-9a-f]{1,16})\.([0-9a-z]{8,9})\.([0-9a-z]{8,9})\.([\x21-\x7e]{1,200})$/;
const ledger = /^l\.([\w-]{22})\.([\w-]{22})\.(\d{1,4})\.(\d{1,16})\.(\d{1,6})\.(\d{1,6})\.([0-9a-z]{8,9})\.([0-9a-z]{8,9})\.([\x21-\x7e]{1,200})$/;

export function writeReceipt(it: Receipt): string {
  const rest = `${it.takenAtMs.toString(36)}.${it.publishedAtMs.toString(36)}.${it.messageId}`;
  return it.kind === 'stream'
    ? `s.${it.partition}.${it.offset}.${it.epoch}.${rest}`
    : `l.${short(it.id)}.${short(it.token)}.${it.partition}.${it.offset}.${it.attempt}.${it.redrives}.${rest}`;
}

/** @throws MQ_RECEIPT_INVALID */
export function readReceipt(text: string): Receipt {
  const ofStream = stream.exec(text);
  if (ofStream) {
    const [, partition, offset, epoch = '', taken, published, messageId = ''] = ofStream;
    return { kind: 'stream', partition: Number(partition), offset: Number(offset), epoch, takenAtMs: time(taken), publishedAtMs: time(published), messageId };
  }
  const ofLedger = ledger.exec(text);
  if (ofLedger) {
    const [, id = '', token = '', partition, offset, attempt, redrives, taken, published, messageId = ''] = ofLedger;
    return {
      ...{ kind: 'ledger', id: long(id), token: long(token), partition: Number(partition), offset: Number(offset), attempt: Number(attempt), redrives: Number(redrives) },
      ...{ takenAtMs: time(taken), publishedAtMs: time(published), messageId },
    };
  }
  throw MqErrors.MQ_RECEIPT_INVALID();
}

const time = (text = '0'): number => Number.parseInt(text, 36);
const short = (uuid: string): string => Buffer.from(uuid.replaceAll('-', ''), 'hex').toString('base64url');

function long(text: string): string {
  const hex = Buffer.from(text, 'base64url').toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
