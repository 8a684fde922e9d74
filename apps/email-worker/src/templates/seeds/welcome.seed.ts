import type { ShippedTemplate } from './shipped-template.js';
import { layout } from './layout.js';

/** Greets a new user. No variable in the subject: a hostile name could otherwise write the subject of a mail that we sign. */
export const welcomeSeed: ShippedTemplate = {
  key: 'welcome',
  settings: {
    description: 'Greets a user who has registered.',
    defaultLocale: 'en',
    variables: { type: 'object', properties: { username: { type: 'string', maxLength: 200, description: 'The name that was chosen.' } }, required: ['username'] },
    locales: {
      en: {
        subject: 'Welcome to Angarium',
        mjml: layout({
          lang: 'en',
          title: 'Welcome to Angarium',
          preview: 'Your account is ready.',
          body: `
      <mj-text><h1>Hello {{ username }},</h1></mj-text>
      <mj-text>your account is ready. You can sign in with the name you chose: <strong>{{ username }}</strong></mj-text>`,
          footer: 'If you did not register, somebody mistyped an address; you can ignore this mail.',
        }),
        text: `Hello {{ username }},

your account is ready. You can sign in with the name you chose: {{ username }}

If you did not register, somebody mistyped an address; you can ignore this mail.

Angarium
`,
      },
      'zh-CN': {
        subject: '欢迎使用 Angarium',
        mjml: layout({
          lang: 'zh-CN',
          title: '欢迎使用 Angarium',
          preview: '您的账号已开通。',
          body: `
      <mj-text><h1>{{ username }}，您好！</h1></mj-text>
      <mj-text>您的账号已开通，请使用您选择的用户名登录：<strong>{{ username }}</strong></mj-text>`,
          footer: '如果您没有注册，可能是他人填错了邮箱地址，请忽略此邮件。',
        }),
        text: `{{ username }}，您好！

您的账号已开通，请使用您选择的用户名登录：{{ username }}

如果您没有注册，可能是他人填错了邮箱地址，请忽略此邮件。

Angarium
`,
      },
    },
  },
};
