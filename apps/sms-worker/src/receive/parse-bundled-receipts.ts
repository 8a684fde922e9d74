import { readChinaTime } from '../deliver/china-time.js';
import type { SmsFate } from '../deliver/sms-provider.js';
import type { Receipt } from './apply-receipt.js';

type Entry = Readonly<Record<string, unknown>>;

/**
 * The receipts in a body of Aliyun (SmsReport) or Tencent, each a JSON array. Entries without an id of an SMS are left out: replies of
 * phones and what is added later come the same way. Undefined when the body is no array of objects.
 */
export function parseBundledReceipts(provider: 'aliyun' | 'tencent', body: string): Receipt[] | undefined {
  const entries = arrayIn(body);
  return entries?.map(provider === 'aliyun' ? aliyunReceipt : tencentReceipt).filter((it) => it !== undefined);
}

function aliyunReceipt({ biz_id, out_id, success, err_code, report_time }: Entry): Receipt | undefined {
  const id = text(biz_id);
  if (id === undefined || typeof success !== 'boolean') return undefined;
  const deliveryId = text(out_id);
  return { provider: 'aliyun', providerMessageId: id, ...(deliveryId === undefined ? {} : { deliveryId }), fate: fateOf(id, success, err_code, report_time) };
}

/** `ext` repeats our SessionContext where Tencent has switched that on for the account. */
function tencentReceipt({ sid, ext, report_status, errmsg, user_receive_time }: Entry): Receipt | undefined {
  const id = text(sid);
  if (id === undefined || (report_status !== 'SUCCESS' && report_status !== 'FAIL')) return undefined;
  const deliveryId = text(ext);
  return { provider: 'tencent', providerMessageId: id, ...(deliveryId === undefined ? {} : { deliveryId }), fate: fateOf(id, report_status === 'SUCCESS', errmsg, user_receive_time) };
}

function fateOf(providerMessageId: string, isDelivered: boolean, code: unknown, time: unknown): SmsFate {
  const at = readChinaTime(time);
  const when = at === undefined ? {} : { at };
  if (isDelivered) return { state: 'delivered', providerMessageId, ...when };
  // the carrier's code is kept where it is one; its text is not: nobody knows what stands in it
  const shown = typeof code === 'string' && /^[\w.:-]{1,80}$/.test(code) ? code : 'UNDELIVERED';
  return { state: 'failed', providerMessageId, code: shown, reason: 'the carrier did not deliver it', ...when };
}

function arrayIn(body: string): Entry[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return undefined; // told by the caller, without the text: it holds phones
  }
  const isList = Array.isArray(value) && value.every((it) => typeof it === 'object' && it !== null && !Array.isArray(it));
  return isList ? (value as Entry[]) : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && value.length <= 200 ? value : undefined;
}
