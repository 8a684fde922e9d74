import { chinaDay, readChinaTime } from '../china-time.js';
import { judgeStatus, ProviderClient, readAnswer, type ProviderCall, unreadable } from '../provider-call.js';
import { notHere, refusalOf } from '../provider-verdict.js';
import type { AcceptedSms, OutgoingSms, SentSms, SmsFate, SmsProvider } from '../sms-provider.js';
import { unseenFate } from '../unseen-fate.js';
import { judgeAliyun } from './aliyun-codes.js';
import { signAcs3 } from './sign-acs3.js';

export interface AliyunOptions {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  /** Of SMS whose template names none. */
  readonly signName: string;
  readonly baseUrl: string;
}

/** An SMS that was sent just before midnight may be listed under the next day. */
const LATER_MS = 60_000;
/** All parameters stand in the URL; longer ones the guarded client does not send. */
const MAX_QUERY_LENGTH = 4_000;
const WAITING = 1;
const FAILED = 2;
const DELIVERED = 3;

/** Aliyun's Dysms (API 2017-05-25) by its own signature. Takes approved templates only, and knows no idempotency: a doubt is asked about. */
export class AliyunProvider implements SmsProvider {
  readonly name = 'aliyun';
  readonly takesFreeText = false;
  readonly takesTemplates = true;

  constructor(
    private readonly client: ProviderClient,
    private readonly options: AliyunOptions,
  ) {}

  async send({ phone, template, deliveryId }: OutgoingSms, signal: AbortSignal): Promise<AcceptedSms> {
    if (template === undefined) throw refusalOf('aliyun', 'NO_TEMPLATE', notHere('it takes templates only'));
    const call = this.client.call('aliyun', 'sends', signal);
    const answer = await this.run(call, 'SendSms', {
      PhoneNumbers: aliyunNumber(phone),
      SignName: template.signName ?? this.options.signName,
      TemplateCode: template.id,
      TemplateParam: JSON.stringify(template.parameters),
      OutId: deliveryId,
    });
    const bizId = answer['BizId'];
    if (typeof bizId !== 'string' || bizId === '') throw unreadable(call, 'NO_BIZ_ID');
    return { providerMessageId: bizId };
  }

  readonly query = async ({ deliveryId, phone, providerMessageId, sentAt }: SentSms, signal: AbortSignal): Promise<SmsFate> => {
    const days = new Set([chinaDay(sentAt), chinaDay(new Date(sentAt.getTime() + LATER_MS))]);
    for (const day of days) {
      const parameters = { PhoneNumber: aliyunNumber(phone), SendDate: day, PageSize: '50', CurrentPage: '1' };
      const answer = await this.run(this.client.call('aliyun', 'asks', signal), 'QuerySendDetails', {
        ...parameters,
        ...(providerMessageId === undefined ? {} : { BizId: providerMessageId }),
      });
      const details = (answer['SmsSendDetailDTOs'] as { SmsSendDetailDTO?: unknown } | undefined)?.SmsSendDetailDTO;
      const list = (Array.isArray(details) ? details : []) as Record<string, unknown>[];
      const found = providerMessageId === undefined ? list.find(({ OutId }) => OutId === deliveryId) : list[0];
      // the answer does not repeat the BizId: where it is not known, ours stands for it, and the receipt brings it
      if (found !== undefined) return fateOf(found, providerMessageId ?? deliveryId);
      if (list.length >= 50) return { state: 'unknown' };
    }
    return unseenFate(sentAt);
  };

  private async run(call: ProviderCall, action: string, parameters: Record<string, string>): Promise<Record<string, unknown>> {
    const { accessKeyId, accessKeySecret, baseUrl } = this.options;
    const { host, origin } = new URL(baseUrl);
    const { query, headers } = signAcs3({ accessKeyId, accessKeySecret, action, version: '2017-05-25', host, parameters });
    if (query.length > MAX_QUERY_LENGTH) throw refusalOf('aliyun', 'TOO_LONG', notHere('the parameters of the template are too long'));
    const response = await this.client.request({ method: 'POST', url: `${origin}/?${query}`, headers: { ...headers, accept: 'application/json' } }, call);
    const verdictOfStatus = judgeStatus(response, call);
    if (verdictOfStatus !== undefined && verdictOfStatus.kind !== 'account') throw refusalOf('aliyun', String(response.status), verdictOfStatus);
    const answer = readAnswer(response, call);
    const code = answer['Code'];
    if (code === 'OK') return answer;
    if (typeof code !== 'string') throw verdictOfStatus === undefined ? unreadable(call, 'NO_CODE') : refusalOf('aliyun', String(response.status), verdictOfStatus);
    const verdict = judgeAliyun(code);
    throw refusalOf('aliyun', code, call.effect === 'asks' && verdict.kind === 'unknown' ? { kind: 'away', reason: verdict.reason } : verdict);
  }
}

/** Mainland numbers without country code, others with it and without the plus. */
function aliyunNumber(phone: string): string {
  return phone.startsWith('+86') ? phone.slice(3) : phone.replace(/^\+/, '');
}

function fateOf({ SendStatus, ErrCode, ReceiveDate }: Record<string, unknown>, providerMessageId: string): SmsFate {
  const at = readChinaTime(ReceiveDate);
  const when = at === undefined ? {} : { at };
  switch (Number(SendStatus)) {
    case WAITING:
      return { state: 'sent', providerMessageId };
    case DELIVERED:
      return { state: 'delivered', providerMessageId, ...when };
    case FAILED:
      return { state: 'failed', providerMessageId, code: codeText(ErrCode), reason: 'the carrier did not deliver it', ...when };
    default:
      return { state: 'unknown' };
  }
}

function codeText(code: unknown): string {
  return typeof code === 'string' && /^[\w.:-]{1,80}$/.test(code) ? code : 'UNDELIVERED';
}
