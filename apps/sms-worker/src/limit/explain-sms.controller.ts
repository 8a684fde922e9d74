import { ExplainSms, SYSTEM_TENANT, type PayloadOf, type ResponseOf, type SmsExplanation } from '@angarium/contracts';
import { AngariumError } from '@angarium/errors';
import { currentContext } from '@angarium/observability';
import { OnRequest } from '@angarium/transport';
import { Controller } from '@nestjs/common';
import { composeSms, missingVariables } from '../compose/compose-sms.js';
import { parsePhone, type Phone } from '../compose/parse-phone.js';
import type { SmsTemplate } from '../compose/sms-template.js';
import { TemplateRepository } from '../compose/template.repository.js';
import { SmsErrors } from '../errors.js';
import { ProviderChain } from '../route/provider-chain.js';
import { PhoneRegion } from './phone-region.js';
import { SmsLimits } from './sms-limits.js';

type Question = PayloadOf<typeof ExplainSms>;
type Refusal = SmsExplanation['refusals'][number];

/** Says what would become of an SMS now, and why, without sending it or taking anything from a limit. */
@Controller()
export class ExplainSmsController {
  constructor(
    private readonly templates: TemplateRepository,
    private readonly chain: ProviderChain,
    private readonly limits: SmsLimits,
    private readonly region: PhoneRegion,
  ) {}

  @OnRequest(ExplainSms)
  async explain(question: Question): Promise<ResponseOf<typeof ExplainSms>> {
    const tenant = currentContext()?.tenant ?? SYSTEM_TENANT;
    const phone = parsePhone(question.phone, this.region.name);
    const template = question.templateKey === undefined ? undefined : await this.templates.find(tenant, question.templateKey);
    if (question.templateKey !== undefined && template === undefined) throw SmsErrors.SMS_TEMPLATE_NOT_FOUND(`There is no SMS template ${question.templateKey}.`);
    if (phone === undefined) return { maySend: false, refusals: [forGood('phone', 'The phone can take no SMS.')], chain: [], missingVariables: missingVariables(question, template) };
    return this.ofPhone(question, tenant, phone, template);
  }

  private async ofPhone(question: Question, tenant: string, phone: Phone, template: SmsTemplate | undefined): Promise<SmsExplanation> {
    const missing = missingVariables(question, template);
    const { chain, refusals } = this.chainOf(question, phone, template, missing);
    const first = chain.find(({ canServe }) => canServe);
    const counted = { tenant, phone, purpose: question.purpose, segments: first?.segments ?? 1 };
    const name = this.chain.get(first?.provider ?? '')?.name;
    for (const { limit, waitMs } of await this.limits.refusals(counted, name)) {
      refusals.push({ rule: limit.rule, reason: limit.says, waitSeconds: Number.isFinite(waitMs) ? Math.ceil(waitMs / 1000) : null });
    }
    if (missing.length > 0) refusals.push(forGood('variables', `The template lacks ${missing.join(', ')}.`));
    return { maySend: refusals.length === 0 && first !== undefined, country: phone.country, refusals, chain, missingVariables: missing };
  }

  private chainOf(question: Question, phone: Phone, template: SmsTemplate | undefined, missing: readonly string[]): Pick<SmsExplanation, 'chain' | 'refusals'> {
    const refusals: Refusal[] = [];
    const said = <T>(rule: string, ask: () => T): T | undefined => {
      try {
        return ask();
      } catch (error) {
        if (!(error instanceof AngariumError)) throw error;
        refusals.push(forGood(rule, error.message));
        return undefined;
      }
    };
    said('country', () => this.limits.requireCountry(phone));
    // what is missing is told apart; the chain is that of the order as if it were there
    const filled = { ...question, variables: { ...question.variables, ...Object.fromEntries(missing.map((it) => [it, '?'])) } };
    const chain = (said('route', () => this.chain.of(phone.country, question.provider)) ?? []).map((provider) => {
      const composed = composeSms(filled, template, provider);
      if (!composed.canServe) return { provider: provider.name, ...composed };
      const { segments } = composed;
      if (this.chain.breaker(provider.name).isOpen) return { provider: provider.name, canServe: false, reason: 'It did not answer for a while and is left alone for a moment.', segments };
      return { provider: provider.name, canServe: true, segments, cost: this.limits.cost({ phone, segments }) };
    });
    if (chain.length > 0 && !chain.some(({ canServe }) => canServe)) refusals.push(forGood('provider', 'No provider of the chain can carry it now.'));
    return { chain, refusals };
  }
}

function forGood(rule: string, reason: string): Refusal {
  return { rule, reason, waitSeconds: null };
}
