import type { ShippedTemplate } from './shipped-template.js';
import { layout } from './layout.js';

/** Says that something needs a person. */
export const alertSeed: ShippedTemplate = {
  key: 'alert',
  settings: {
    description: 'Tells of something that needs a person.',
    defaultLocale: 'en',
    variables: {
      type: 'object',
      properties: {
        title: { type: 'string', maxLength: 150, description: 'What happened, in a few words.' },
        message: { type: 'string', maxLength: 2_000 },
        severity: { type: 'string', enum: ['info', 'warning', 'critical'] },
        source: { type: 'string', maxLength: 200, description: 'Who noticed.' },
        occurredAt: { type: 'string', format: 'date-time' },
        url: { type: 'string', format: 'uri', maxLength: 2_000, description: 'Where to look.' },
      },
      required: ['title', 'message'],
    },
    locales: {
      en: {
        subject: '[{{ severity | default: "info" }}] {{ title }}',
        mjml: layout({
          lang: 'en',
          title: 'Alert',
          preview: '{{ message | truncate: 90 }}',
          body: `
      <mj-text font-size="13px" font-weight="700" color="#b42318">{{ severity | default: "info" | upcase }}</mj-text>
      <mj-text><h1>{{ title }}</h1></mj-text>
      <mj-text>{{ message }}</mj-text>
      <mj-raw>{% if url %}</mj-raw><mj-button href="{{ url }}">Look at it</mj-button><mj-raw>{% endif %}</mj-raw>`,
          footer: '{% if source %}Noticed by {{ source }}. {% endif %}{% if occurredAt %}At {{ occurredAt | date: "%Y-%m-%d %H:%M UTC" }}. {% endif %}You get this mail because alerts of this system are sent to you.',
        }),
        text: `[{{ severity | default: "info" | upcase }}] {{ title }}

{{ message }}
{% if url %}
Look at it: {{ url }}
{% endif %}{% if source %}
Noticed by {{ source }}.{% endif %}{% if occurredAt %}
At {{ occurredAt | date: "%Y-%m-%d %H:%M UTC" }}.{% endif %}
`,
      },
      'zh-CN': {
        subject: '[{{ severity | default: "info" }}] {{ title }}',
        mjml: layout({
          lang: 'zh-CN',
          title: '告警',
          preview: '{{ message | truncate: 60 }}',
          body: `
      <mj-text font-size="13px" font-weight="700" color="#b42318">{{ severity | default: "info" | upcase }}</mj-text>
      <mj-text><h1>{{ title }}</h1></mj-text>
      <mj-text>{{ message }}</mj-text>
      <mj-raw>{% if url %}</mj-raw><mj-button href="{{ url }}">查看详情</mj-button><mj-raw>{% endif %}</mj-raw>`,
          footer: '{% if source %}来源：{{ source }}。{% endif %}{% if occurredAt %}时间：{{ occurredAt | date: "%Y-%m-%d %H:%M UTC" }}。{% endif %}您收到此邮件，是因为本系统的告警会发送给您。',
        }),
        text: `[{{ severity | default: "info" | upcase }}] {{ title }}

{{ message }}
{% if url %}
查看详情：{{ url }}
{% endif %}{% if source %}
来源：{{ source }}{% endif %}{% if occurredAt %}
时间：{{ occurredAt | date: "%Y-%m-%d %H:%M UTC" }}{% endif %}
`,
      },
    },
  },
};
