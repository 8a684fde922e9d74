import type { SmsTemplateSettings } from '@angarium/contracts';
import { SmsErrors } from '../errors.js';
import { systemTemplates, VERIFICATION_TEMPLATE } from './sms-template.js';

/**
 * Refuses what would make SMS that are of no use: codes are sent by the template `verification`, with its variables and no others. Pure.
 * @throws SMS_TEMPLATE_INVALID
 */
export function checkTemplate(key: string, { variables, text, providers }: SmsTemplateSettings): void {
  if (key !== VERIFICATION_TEMPLATE) return;
  const given = systemTemplates.get(key)?.variables ?? [];
  const strange = variables.filter((name) => !given.includes(name));
  if (strange.length > 0) throw invalid('variables', `may only name ${given.join(' and ')}, because a code is sent with no others; take out ${strange.join(', ')}`);
  if (!variables.includes('code')) throw invalid('variables', 'must name code, or no provider is given the code');
  if (text !== undefined && !/\{\{\s*code\s*\}\}/.test(text)) throw invalid('text', 'must contain {{code}}, or the SMS has no code in it');
  for (const [name, provider] of Object.entries(providers)) {
    if (provider.order?.includes('code') === false) throw invalid(`providers.${name}.order`, 'must name code, or the provider is not given the code');
  }
}

function invalid(field: string, fault: string) {
  return SmsErrors.SMS_TEMPLATE_INVALID(`${field} of the template ${VERIFICATION_TEMPLATE} ${fault}.`, { details: { field } });
}
