import type { ShippedTemplate } from './shipped-template.js';
import { layout } from './layout.js';

const items = `
      <mj-raw>{% for item in items %}</mj-raw>
      <mj-text padding="0 32px 4px" font-weight="650">{% if item.url %}<a href="{{ item.url }}">{{ item.title }}</a>{% else %}{{ item.title }}{% endif %}</mj-text>
      <mj-raw>{% if item.summary %}</mj-raw><mj-text>{{ item.summary }}</mj-text><mj-raw>{% endif %}</mj-raw>
      <mj-raw>{% endfor %}</mj-raw>`;
const itemsAsText = '{% for item in items %}* {{ item.title }}\n{% if item.summary %}  {{ item.summary }}\n{% endif %}{% if item.url %}  {{ item.url }}\n{% endif %}{% endfor %}';

/** What happened in a while, as a list. */
export const digestSeed: ShippedTemplate = {
  key: 'digest',
  settings: {
    description: 'Lists what happened in a while.',
    defaultLocale: 'en',
    variables: {
      type: 'object',
      properties: {
        period: { type: 'string', maxLength: 100, description: 'The while, such as "this week".' },
        items: {
          type: 'array',
          maxItems: 100,
          items: {
            type: 'object',
            properties: { title: { type: 'string', maxLength: 200 }, summary: { type: 'string', maxLength: 1_000 }, url: { type: 'string', format: 'uri', maxLength: 2_000 } },
            required: ['title'],
          },
        },
      },
      required: ['period', 'items'],
    },
    locales: {
      en: {
        subject: 'Your summary: {{ period }}',
        mjml: layout({
          lang: 'en',
          title: 'Your summary',
          preview: '{{ items.size }} items: {{ period }}',
          body: `
      <mj-text><h1>{{ period | capitalize }}</h1></mj-text>
      <mj-text>{% if items.size == 0 %}Nothing happened.{% elsif items.size == 1 %}One thing happened.{% else %}{{ items.size }} things happened.{% endif %}</mj-text>
      <mj-divider />${items}`,
          footer: 'You get this summary because you asked for it.',
        }),
        text: `{{ period | capitalize }}

{% if items.size == 0 %}Nothing happened.
{% endif %}${itemsAsText}`,
      },
      'zh-CN': {
        subject: '您的摘要：{{ period }}',
        mjml: layout({
          lang: 'zh-CN',
          title: '您的摘要',
          preview: '{{ period }}：共 {{ items.size }} 条',
          body: `
      <mj-text><h1>{{ period }}</h1></mj-text>
      <mj-text>{% if items.size == 0 %}没有新的动态。{% else %}共 {{ items.size }} 条动态。{% endif %}</mj-text>
      <mj-divider />${items}`,
          footer: '您收到此摘要，是因为您订阅了它。',
        }),
        text: `{{ period }}

{% if items.size == 0 %}没有新的动态。
{% endif %}${itemsAsText}`,
      },
    },
  },
};
