import { parsePhone, parsePhones } from './parse-phone.js';

describe('phones', () => {
  it.each([
    ['13800138000', 'CN', { e164: '+8613800138000', country: 'CN' }],
    ['+86 138 0013 8000', 'US', { e164: '+8613800138000', country: 'CN' }],
    ['0086-138-0013-8000', 'CN', { e164: '+8613800138000', country: 'CN' }],
    ['(213) 373-4253', 'US', { e164: '+12133734253', country: 'US' }],
    ['07400 123456', 'GB', { e164: '+447400123456', country: 'GB' }],
  ])('%s in %s is brought into E.164', (text, region, phone) => {
    expect(parsePhone(text, region)).toEqual(phone);
  });

  it.each(['010-6552-9988', '12345', 'hello', '', '+999123456789', '+86138001380001', '1380013800O'])('%j can take no SMS', (text) => {
    expect(parsePhone(text, 'CN')).toBeUndefined();
  });

  it('of one order are each sent to once, however they are written', () => {
    expect(parsePhones(['13800138000', '+8613800138000', '13900139000'], 'CN').map(({ e164 }) => e164)).toEqual(['+8613800138000', '+8613900139000']);
  });

  it('that are none are named by their places, never by their digits', () => {
    const parse = () => parsePhones(['13800138000', '4711', '13900139000', 'x'], 'CN');
    expect(parse).toThrow(expect.objectContaining({ code: 'SMS_PHONE_INVALID', details: { indexes: [1, 3] } }) as Error);
    expect(parse).toThrow(/phone\[1\], phone\[3\]/);
    expect(parse).not.toThrow(/4711/);
  });

  it('that stand alone are named by the field, without a place', () => {
    expect(() => parsePhones(['4711'], 'CN')).toThrow(/^phone can take no SMS/);
  });
});
