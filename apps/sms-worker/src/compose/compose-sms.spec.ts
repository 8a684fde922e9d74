import { composeSms } from './compose-sms.js';
import { systemTemplates, type SmsTemplate } from './sms-template.js';

const twilio = { name: 'twilio', takesFreeText: true, takesTemplates: true } as const;
const aliyun = { name: 'aliyun', takesFreeText: false, takesTemplates: true } as const;
const tencent = { name: 'tencent', takesFreeText: false, takesTemplates: true } as const;
const shipped: SmsTemplate = {
  key: 'order-shipped',
  variables: ['order', 'day'],
  text: 'Order {{order}} comes on {{ day }}',
  providers: { aliyun: { id: 'SMS_1', signName: 'Angarium', names: { order: 'code' } }, tencent: { id: '77', order: ['day', 'order'] } },
};
const variables = { order: 'A-17', day: 3, unused: 'x' };

describe('one order, written for each provider', () => {
  it('goes by name where the provider names parameters, under the names it has for them', () => {
    expect(composeSms({ templateKey: 'order-shipped', variables }, shipped, aliyun)).toMatchObject({
      canServe: true,
      content: { template: { id: 'SMS_1', signName: 'Angarium', parameters: { code: 'A-17', day: '3' } } },
    });
  });

  it('goes in order where the provider counts parameters, in the order it wants', () => {
    expect(composeSms({ templateKey: 'order-shipped', variables }, shipped, tencent)).toMatchObject({ content: { template: { id: '77', ordered: ['3', 'A-17'] } } });
  });

  it('goes as free text where the provider has no template of that key and takes it', () => {
    expect(composeSms({ templateKey: 'order-shipped', variables }, shipped, twilio)).toEqual({ canServe: true, segments: 1, content: { text: 'Order A-17 comes on 3' } });
  });

  it('cannot go as free text where the provider takes none, and says so', () => {
    expect(composeSms({ message: 'Hello' }, undefined, aliyun)).toEqual({ canServe: false, reason: 'aliyun takes no free text; give a templateKey that has a template of aliyun.' });
    const bare = { ...shipped, providers: {} };
    expect(composeSms({ templateKey: 'order-shipped', variables }, bare, tencent)).toMatchObject({ canServe: false, reason: expect.stringContaining('no entry for tencent') as string });
  });

  it('lists every variable that is missing, not the first one', () => {
    expect(() => composeSms({ templateKey: 'order-shipped', variables: { order: '' } }, shipped, twilio)).toThrow(/variables\.order, variables\.day/);
  });

  it('keeps a message as it was written, braces and all', () => {
    expect(composeSms({ message: 'Take {{this}}' }, undefined, twilio)).toMatchObject({ content: { text: 'Take {{this}}' } });
  });

  it('fills a value in as text, whatever it holds', () => {
    const hostile = { order: '{{day}} $& $1', day: 1 };
    expect(composeSms({ templateKey: 'order-shipped', variables: hostile }, shipped, twilio)).toMatchObject({ content: { text: 'Order {{day}} $& $1 comes on 1' } });
  });

  it('says a code in the words of the default template', () => {
    expect(composeSms({ templateKey: 'verification', variables: { code: '123456', expiresIn: 5 } }, systemTemplates.get('verification'), twilio)).toMatchObject({
      content: { text: 'Your verification code is: 123456. Valid for 5 minutes.' },
    });
  });
});
