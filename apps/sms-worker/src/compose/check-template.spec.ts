import type { SmsTemplateSettings } from '@angarium/contracts';
import { checkTemplate } from './check-template.js';

const checked = (settings: Partial<SmsTemplateSettings>, key = 'verification') => () => checkTemplate(key, { variables: [], providers: {}, ...settings });
const refusal = (field: string) => expect.objectContaining({ code: 'SMS_TEMPLATE_INVALID', status: 422, details: { field }, message: expect.stringContaining(field) as string }) as Error;

describe('the template of verification codes', () => {
  it.each<[string, Partial<SmsTemplateSettings>]>([
    ['variables', { text: 'hi' }],
    ['variables', { text: 'hi {{a}}', variables: ['a'] }],
    ['variables', { text: 'hi {{code}} {{a}}', variables: ['code', 'a'] }],
    ['variables', { providers: { aliyun: { id: 'SMS_1' } } }],
    ['text', { text: 'hi', variables: ['code'] }],
    ['text', { text: 'code {{expiresIn}}', variables: ['code', 'expiresIn'] }],
    ['providers.tencent.order', { variables: ['code', 'expiresIn'], providers: { tencent: { id: '1', order: ['expiresIn'] } } }],
  ])('is refused for its %s when an SMS by it would have no code, or could not be written', (field, settings) => {
    expect(checked(settings)).toThrow(refusal(field));
  });

  it('may say the rest as it likes, and need not say how long the code lives', () => {
    expect(checked({ text: 'Code: {{ code }}', variables: ['code'], providers: { tencent: { id: '1', order: ['code'] }, aliyun: { id: 'SMS_1', names: { code: 'c' } } } })).not.toThrow();
    expect(checked({ variables: ['code', 'expiresIn'], providers: { aliyun: { id: 'SMS_1' } } })).not.toThrow();
  });

  it('binds no other template', () => {
    expect(checked({ text: 'hi {{a}}', variables: ['a'] }, 'greeting')).not.toThrow();
  });
});
