import { catalogue, SendBatchEmail, SendEmail, SendSms, SendVerificationCode } from '@angarium/contracts';
import { showPayload } from './show-payload.js';

describe('a job in a list', () => {
  it('shows no body, variable or attachment, and a part of each address', () => {
    const mail = { to: ['ada@example.com'], subject: 'Your code is 481516', text: '481516', template: { key: 'verification', variables: { code: '481516' } }, attachments: [{ filename: 'a.txt', content: 'NDgxNTE2' }] };
    const shown = showPayload(SendEmail.name, mail);
    expect(shown).toEqual({
      ...{ to: ['a…@example.com'], subject: '(hidden)', text: '(hidden)' },
      ...{ template: { key: 'verification', variables: '(hidden)' }, attachments: [{ filename: 'a.txt', content: '(hidden)' }] },
    });
    expect(showPayload(SendBatchEmail.name, { emails: [mail, mail] })).toEqual({ emails: [shown, shown] });
  });

  it('shows four digits of a phone and no code, sealed or not', () => {
    expect(showPayload(SendVerificationCode.name, { phone: '+8613800138000', code: 'v1.k.x.y', expiresIn: 5 })).toEqual({ phone: '…8000', code: '(hidden)', expiresIn: 5 });
    expect(showPayload(SendSms.name, { phone: ['13800138000'], message: 'Hello' })).toEqual({ phone: ['…8000'], message: '(hidden)' });
  });

  it('shows nothing of a job whose type nobody knows', () => {
    expect(showPayload('send-pigeon', { secret: 1 })).toBe('(hidden)');
  });

  it.each(catalogue.jobs.map((it) => [it.name, it] as const))('%s: the paths that are hidden, masked and sealed are those of its schema', (_name, { example, hidden = [], masked = [], sealed = [], schema }) => {
    const text = JSON.stringify(schema.toJSONSchema?.({ io: 'input' }) ?? {});
    for (const path of [...hidden, ...masked, ...sealed]) for (const step of path.split('.').filter((it) => it !== '*')) expect(text).toContain(`"${step}"`);
    expect(showPayload(_name, example)).toBeDefined();
  });
});
