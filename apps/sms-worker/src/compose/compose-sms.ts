import type { PayloadOf, SendSms, SmsProviderName } from '@angarium/contracts';
import type { OutgoingSms, SmsProvider } from '../deliver/sms-provider.js';
import { SmsErrors } from '../errors.js';
import { countSegments } from './count-segments.js';
import type { ProviderTemplate, SmsTemplate } from './sms-template.js';

type Order = PayloadOf<typeof SendSms>;
/** What an order says, without whom to. */
export type SmsContent = Pick<Order, 'message' | 'template' | 'templateKey' | 'variables'>;

/** What one provider would be given, or why it cannot serve. */
export type Composed =
  | { readonly canServe: true; readonly content: Pick<OutgoingSms, 'text' | 'template'>; readonly segments: number }
  | { readonly canServe: false; readonly reason: string };

/** Variables of the template that have no value, all of them. What is given and not wanted is ignored. Pure. */
export function missingVariables(content: SmsContent, template: SmsTemplate | undefined): string[] {
  const given = content.variables ?? {};
  return (template?.variables ?? []).filter((name) => !Object.hasOwn(given, name) || String(given[name]) === '');
}

/**
 * Writes an SMS for one provider: by the provider's template where it has one for the key, else as free text where it takes that. Pure.
 * @param template the logical one, of `templateKey`
 * @throws SMS_VARIABLES_MISSING
 */
export function composeSms(content: SmsContent, template: SmsTemplate | undefined, provider: Pick<SmsProvider, 'name' | 'takesFreeText' | 'takesTemplates'>): Composed {
  const missing = missingVariables(content, template);
  if (missing.length > 0) {
    const list = missing.map((name) => `variables.${name}`).join(', ');
    throw SmsErrors.SMS_VARIABLES_MISSING(`The template ${template?.key} lacks ${list}. Give a value for each.`, { details: { template: template?.key, missing } });
  }
  const values = textsOf(content);
  const text = textOf(content, template, values);
  const segments = countSegments(text ?? '').count;
  const own = providerTemplate(content, template, provider.name);
  if (own !== undefined && provider.takesTemplates) return { canServe: true, segments, content: { ...(text === undefined ? {} : { text }), template: filled(own, values, template) } };
  if (text !== undefined && provider.takesFreeText) return { canServe: true, segments, content: { text } };
  return { canServe: false, reason: whyNot(content, text, provider) };
}

function textsOf({ variables = {} }: SmsContent): Record<string, string> {
  return Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, String(value)]));
}

/** The free text: that of the logical template filled in, else the message as it stands. */
function textOf({ message }: SmsContent, template: SmsTemplate | undefined, values: Readonly<Record<string, string>>): string | undefined {
  if (template?.text === undefined) return message;
  return template.text.replace(/\{\{\s*(\w+)\s*\}\}/g, (_whole, name: string) => values[name] ?? '');
}

function providerTemplate(content: SmsContent, template: SmsTemplate | undefined, provider: SmsProviderName): ProviderTemplate | undefined {
  return template === undefined ? (content.template === undefined ? undefined : { id: content.template }) : template.providers[provider];
}

function filled(own: ProviderTemplate, values: Readonly<Record<string, string>>, template: SmsTemplate | undefined): NonNullable<OutgoingSms['template']> {
  const wanted = template?.variables ?? Object.keys(values);
  const parameters = Object.fromEntries(wanted.map((name) => [own.names?.[name] ?? name, values[name] ?? '']));
  const ordered = (own.order ?? wanted).map((name) => values[name] ?? '');
  return { id: own.id, ...(own.signName === undefined ? {} : { signName: own.signName }), parameters, ordered };
}

function whyNot(content: SmsContent, text: string | undefined, { name, takesFreeText }: Pick<SmsProvider, 'name' | 'takesFreeText'>): string {
  if (content.templateKey === undefined && content.template === undefined) return `${name} takes no free text; give a templateKey that has a template of ${name}.`;
  if (content.templateKey === undefined) return `${name} takes no templates.`;
  const noOwn = `the template ${content.templateKey} has no entry for ${name}`;
  return takesFreeText && text === undefined ? `${noOwn} and no text.` : `${noOwn}, and ${name} takes no free text.`;
}
