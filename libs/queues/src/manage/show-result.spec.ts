import { SmsRequestErrors } from '@angarium/contracts';
import { showResult, showText } from './show-result.js';

describe('what a handler answered with', () => {
  it('is shown with addresses and phones cut, at any depth', () => {
    expect(showResult({ to: ['ada@example.com'], phone: '+8613800138000' })).toEqual({ to: ['a…@example.com'], phone: '…8000' });
  });

  it('keeps a Message-ID whole, by which the mail is found in the logs of mail servers', () => {
    const messageId = '<0190a6f0-8d2f-7c4b-8e63-4b6070d3e5f0@angarium.local>';
    expect(showResult({ results: [{ messageId, note: messageId }] })).toEqual({ results: [{ messageId, note: '<0…@angarium.local>' }] });
  });

  it('shows what stands below messageId like all else, where that is no text', () => {
    expect(showResult({ messageId: { to: 'ada@example.com' } })).toEqual({ messageId: { to: 'a…@example.com' } });
  });
});

it('the example in the cure for a wrong phone is readable in the reason of a failure', () => {
  const { message } = SmsRequestErrors.SMS_PHONE_INVALID();
  expect(showText(message)).toBe(message);
});
