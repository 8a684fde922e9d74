import type { SmsProviderName, SmsTemplateSettings } from '@angarium/contracts';

/** A logical template: one text, and what each provider calls it. */
export interface SmsTemplate extends Pick<SmsTemplateSettings, 'variables' | 'text'> {
  readonly key: string;
  readonly providers: SmsTemplateSettings['providers'];
}

export type ProviderTemplate = NonNullable<SmsTemplate['providers'][SmsProviderName]>;

/** Key of the text of verification codes. */
export const VERIFICATION_TEMPLATE = 'verification';

/** Templates that every tenant has until it sets its own. */
export const systemTemplates: ReadonlyMap<string, SmsTemplate> = new Map([
  [
    VERIFICATION_TEMPLATE,
    {
      key: VERIFICATION_TEMPLATE,
      variables: ['code', 'expiresIn'],
      text: 'Your verification code is: {{code}}. Valid for {{expiresIn}} minutes.',
      providers: {},
    },
  ],
]);
