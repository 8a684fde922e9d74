import type { ShippedTemplate } from './shipped-template.js';
import { layout } from './layout.js';

const code = '<mj-text font-size="32px" font-weight="700" letter-spacing="6px" font-family="ui-monospace, Menlo, Consolas, monospace">{{ code }}</mj-text>';

/** A code to type in. The subject leaves it out: subjects are shown on locked screens. */
export const verificationSeed: ShippedTemplate = {
  key: 'verification',
  settings: {
    description: 'Brings a verification code.',
    defaultLocale: 'en',
    variables: {
      type: 'object',
      properties: {
        code: { type: 'string', maxLength: 20, description: 'What is to be typed in.' },
        minutes: { type: 'integer', minimum: 1, maximum: 1_440, description: 'How long it is valid.' },
      },
      required: ['code', 'minutes'],
    },
    locales: {
      en: {
        subject: 'Your verification code',
        mjml: layout({
          lang: 'en',
          title: 'Your verification code',
          preview: 'Type this code in to go on.',
          body: `
      <mj-text><h1>Your verification code</h1></mj-text>
      ${code}
      <mj-text>It is valid for {{ minutes }} minutes and can be used once. Nobody of Angarium will ever ask you for it.</mj-text>`,
          footer: 'If you did not ask for a code, you can ignore this mail.',
        }),
        text: `Your verification code: {{ code }}

It is valid for {{ minutes }} minutes and can be used once. Nobody of Angarium will ever ask you for it.

If you did not ask for a code, you can ignore this mail.
`,
      },
      'zh-CN': {
        subject: '您的验证码',
        mjml: layout({
          lang: 'zh-CN',
          title: '您的验证码',
          preview: '请输入此验证码以继续。',
          body: `
      <mj-text><h1>您的验证码</h1></mj-text>
      ${code}
      <mj-text>{{ minutes }} 分钟内有效，仅可使用一次。Angarium 的工作人员不会向您索要验证码。</mj-text>`,
          footer: '如果您没有请求验证码，请忽略此邮件。',
        }),
        text: `您的验证码：{{ code }}

{{ minutes }} 分钟内有效，仅可使用一次。Angarium 的工作人员不会向您索要验证码。

如果您没有请求验证码，请忽略此邮件。
`,
      },
    },
  },
};
