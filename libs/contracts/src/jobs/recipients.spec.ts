import { SendEmail } from './email.jobs.js';
import { SendSms } from './sms.jobs.js';

const mail = (to: unknown) => SendEmail.schema.safeParse({ to, subject: 'x', text: 'x' });
const sms = (phone: unknown) => SendSms.schema.safeParse({ phone, message: 'x' });

describe('who gets a mail or an SMS', () => {
  it('is one, or a list', () => {
    expect(mail('ada@example.com').data?.to).toEqual(['ada@example.com']);
    expect(mail(['ada@example.com']).data?.to).toEqual(['ada@example.com']);
    expect(sms('13800138000').data?.phone).toEqual(['13800138000']);
    expect(sms(['13800138000']).data?.phone).toEqual(['13800138000']);
  });

  it.each([undefined, 'nobody', 7])('says what it wants when %s came', (wrong) => {
    expect(mail(wrong).error?.issues).toEqual([expect.objectContaining({ path: ['to'], message: expect.stringMatching(/one mail address.*list of 1 to 50/) as string })]);
    expect(sms(wrong === 'nobody' ? '1' : wrong).error?.issues).toEqual([expect.objectContaining({ path: ['phone'], message: expect.stringMatching(/one phone.*list of 1 to 100/) as string })]);
  });
});
