import { judgeStatus, ProviderClient, readAnswer, type ProviderCall, unreadable } from '../provider-call.js';
import { notHere, refusalOf } from '../provider-verdict.js';
import type { AcceptedSms, OutgoingSms, SentSms, SmsFate, SmsProvider } from '../sms-provider.js';
import { judgeTencent } from './tencent-codes.js';
import { signTc3 } from './sign-tc3.js';

export interface TencentOptions {
  readonly secretId: string;
  readonly secretKey: string;
  readonly sdkAppId: string;
  /** Of SMS whose template names none; the content of the signature, not its id. */
  readonly signName: string;
  readonly region: string;
  readonly baseUrl: string;
}

/** Our clock and theirs differ a little. */
const EARLIER_S = 60;

/** Tencent Cloud SMS (API 2021-01-11) by its own signature. Takes approved templates only, with parameters in order. */
export class TencentProvider implements SmsProvider {
  readonly name = 'tencent';
  readonly takesFreeText = false;
  readonly takesTemplates = true;

  constructor(
    private readonly client: ProviderClient,
    private readonly options: TencentOptions,
  ) {}

  async send({ phone, template, deliveryId }: OutgoingSms, signal: AbortSignal): Promise<AcceptedSms> {
    if (template === undefined) throw refusalOf('tencent', 'NO_TEMPLATE', notHere('it takes templates only'));
    const call = this.client.call('tencent', 'sends', signal);
    const answer = await this.run(call, 'SendSms', {
      PhoneNumberSet: [phone],
      SmsSdkAppId: this.options.sdkAppId,
      SignName: template.signName ?? this.options.signName,
      TemplateId: template.id,
      TemplateParamSet: template.ordered,
      SessionContext: deliveryId,
    });
    // 200 without Error can still be a refusal: each number has its own code
    const [status] = listOf(answer['SendStatusSet']);
    const code = status?.['Code'];
    if (typeof code !== 'string') throw unreadable(call, 'NO_CODE');
    if (code.toLowerCase() !== 'ok') throw refusalOf('tencent', code, judgeTencent(code));
    const { SerialNo, Fee } = status ?? {};
    if (typeof SerialNo !== 'string' || SerialNo === '') throw unreadable(call, 'NO_SERIAL');
    return { providerMessageId: SerialNo, ...(typeof Fee === 'number' && Fee > 0 ? { segments: Fee } : {}) };
  }

  /**
   * Tencent lists what carriers reported, not what it took: absence proves nothing, so it is never `never-seen`.
   * Without the serial number an SMS is found by its SessionContext, which Tencent has to switch on for an account.
   */
  readonly query = async ({ deliveryId, phone, providerMessageId, sentAt }: SentSms, signal: AbortSignal): Promise<SmsFate> => {
    const answer = await this.run(this.client.call('tencent', 'asks', signal), 'PullSmsSendStatusByPhoneNumber', {
      BeginTime: Math.floor(sentAt.getTime() / 1_000) - EARLIER_S,
      Offset: 0,
      Limit: 100,
      PhoneNumber: phone,
      SmsSdkAppId: this.options.sdkAppId,
    });
    const list = listOf(answer['PullSmsSendStatusSet']);
    const found = list.find(({ SerialNo, SessionContext }) => (providerMessageId === undefined ? SessionContext === deliveryId : SerialNo === providerMessageId));
    return found === undefined ? { state: 'unknown' } : fateOf(found);
  };

  private async run(call: ProviderCall, action: string, parameters: object): Promise<Record<string, unknown>> {
    const { baseUrl, secretId, secretKey, region } = this.options;
    const { host, origin } = new URL(baseUrl);
    const body = JSON.stringify(parameters);
    const headers = signTc3({ secretId, secretKey, action, version: '2021-01-11', region, host, body });
    const response = await this.client.request({ method: 'POST', url: `${origin}/`, headers, body }, call);
    const verdictOfStatus = judgeStatus(response, call);
    if (verdictOfStatus !== undefined) throw refusalOf('tencent', String(response.status), verdictOfStatus);
    const answer = readAnswer(response, call)['Response'];
    if (typeof answer !== 'object' || answer === null) throw unreadable(call, 'NO_RESPONSE');
    const { Error: failure } = answer as { Error?: { Code?: unknown } };
    if (failure === undefined) return answer as Record<string, unknown>;
    if (typeof failure.Code !== 'string') throw unreadable(call, 'NO_CODE');
    const verdict = judgeTencent(failure.Code);
    throw refusalOf('tencent', failure.Code, call.effect === 'asks' && verdict.kind === 'unknown' ? { kind: 'away', reason: verdict.reason } : verdict);
  }
}

function listOf(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? (value as Record<string, unknown>[]) : [];
}

function fateOf({ SerialNo, ReportStatus, UserReceiveTime, Description }: Record<string, unknown>): SmsFate {
  if (typeof SerialNo !== 'string') return { state: 'unknown' };
  const when = typeof UserReceiveTime === 'number' && UserReceiveTime > 0 ? { at: new Date(UserReceiveTime * 1_000) } : {};
  if (ReportStatus === 'SUCCESS') return { state: 'delivered', providerMessageId: SerialNo, ...when };
  if (ReportStatus !== 'FAIL') return { state: 'sent', providerMessageId: SerialNo };
  const code = typeof Description === 'string' && /^[\w.:-]{1,80}$/.test(Description) ? Description : 'UNDELIVERED';
  return { state: 'failed', providerMessageId: SerialNo, code, reason: 'the carrier did not deliver it', ...when };
}
