import type { TemplateContent, TemplateSettings } from '@angarium/contracts';
import { silentLogger } from '@angarium/observability';
import { compileTemplate, compileTemplates } from './compile-templates.js';
import { renderVersion } from './render-version.js';
import { shippedTemplates } from './seeds/shipped-templates.js';
import { readVersion } from './template-version.js';

const mjml = (body: string) => `<mjml><mj-body><mj-section><mj-column>${body}</mj-column></mj-section></mj-body></mjml>`;
const settings = (content: Partial<TemplateContent>, changes: Partial<TemplateSettings> = {}): TemplateSettings => ({
  ...{ description: null, defaultLocale: 'en', variables: null, locales: { en: { subject: 'S', ...content } } },
  ...changes,
});
const compile = (content: Partial<TemplateContent>, changes?: Partial<TemplateSettings>) => compileTemplate(settings(content, changes), silentLogger);

describe('saving a template', () => {
  it('compiles MJML once and keeps the marks in texts, attributes and around elements', async () => {
    const source = mjml('<mj-raw>{% for it in list %}</mj-raw><mj-button href="{{ it.url }}">{{ it.name }}</mj-button><mj-raw>{% endfor %}</mj-raw>');
    const stored = await compile({ mjml: source });
    expect(stored.contents['en']?.mjml).toBe(source);
    const { html } = renderVersion(readVersion('x', 1, stored), { list: [{ url: 'https://a.b/1', name: 'One' }, { url: 'https://a.b/2', name: 'Two & more' }] }, 'en');
    expect(html?.match(/<a\s+href="[^"]+"/g)?.map((it) => it.replace(/\s+/, ' '))).toEqual(['<a href="https://a.b/1"', '<a href="https://a.b/2"']);
    expect(html).toContain('Two &amp; more');
    expect(html).not.toContain('fonts.googleapis.com');
  });

  it.each<[string, string, Partial<TemplateContent>, Partial<TemplateSettings>]>([
    ['an element that MJML does not have', 'locales.en.mjml line 1', { mjml: mjml('<mj-foo/>') }, {}],
    ['an attribute that MJML does not have', 'locales.en.mjml', { mjml: mjml('<mj-text colour="red">x</mj-text>') }, {}],
    ['no MJML at all', 'locales.en.mjml', { mjml: 'hello' }, {}],
    ['an include', 'mj-include', { mjml: '<mjml><mj-body><mj-include path="/etc/passwd" type="html"/></mj-body></mjml>' }, {}],
    ['a mark that does not end', 'is no Liquid text', { text: 'Hello {{ name' }, {}],
    ['a block that does not end', 'is no Liquid text', { html: '<p>{% if a %}</p>' }, {}],
    ['a filter that is not there', 'undefined filter: money', { text: '{{ a | money }}' }, {}],
    ['a variable where escaping means nothing', 'outside quotes', { html: '<a href={{ url }}>x</a>' }, {}],
    ['a variable in a style that MJML makes', 'attribute style', { mjml: mjml('<mj-text font-family="{{ font }}">x</mj-text>') }, {}],
    ['a variable that the schema does not know', 'uses usrname', { text: '{{ usrname }}' }, { variables: { type: 'object', properties: { username: { type: 'string' } } } }],
    ['a default locale without a text', 'defaultLocale is de', { text: 'x' }, { defaultLocale: 'de' }],
    ['one locale twice', 'locales has one locale twice', {}, { locales: { en: { subject: 'a', text: 'a' }, EN: { subject: 'b', text: 'b' } } }],
  ])('refuses %s and says where', async (_what, where, content, changes) => {
    await expect(compile(content, changes)).rejects.toMatchObject({ code: 'EMAIL_TEMPLATE_INVALID', retry: 'never', message: expect.stringContaining(where) as string });
  });

  it('lists all faults at once', async () => {
    const locales = { en: { subject: '{{', mjml: mjml('<mj-foo/>') }, de: { subject: 'x', html: '<a href={{ a }}>' } };
    const error = (await compile({}, { locales }).catch((it: unknown) => it)) as { details: { faults: { path: string }[] } };
    expect(error.details.faults.map(({ path }) => path)).toEqual(['locales.en.mjml', 'locales.en', 'locales.de.html']);
  });

  it('refuses more than one message between services can carry', async () => {
    const locales = Object.fromEntries(['en', 'de', 'fr'].map((locale) => [locale, { subject: 'x', html: 'x'.repeat(90_000) }]));
    await expect(compile({}, { locales })).rejects.toMatchObject({ code: 'EMAIL_TEMPLATE_TOO_LARGE' });
  });
});

describe('the shipped templates', () => {
  const variables: Record<string, Parameters<typeof renderVersion>[1]> = {
    welcome: { username: 'ada' },
    verification: { code: '123456', minutes: 5 },
    alert: { title: 'Disk full', message: 'No room on db-1.', severity: 'critical', url: 'https://example.com/a', source: 'watch', occurredAt: '2026-11-20T08:30:00Z' },
    digest: { period: 'this week', items: [{ title: 'One', url: 'https://example.com/1', summary: 'First' }, { title: 'Two' }] },
  };

  it('can be sent in English and Chinese, with a text of their own, and are small', async () => {
    const compiled = await compileTemplates(shippedTemplates.map((it) => it.settings), silentLogger);
    for (const [index, { key }] of shippedTemplates.entries()) {
      const version = readVersion(key, 1, compiled[index]!);
      for (const locale of ['en', 'zh-CN']) {
        const rendered = renderVersion(version, variables[key]!, locale);
        expect({ key, ...rendered }).toMatchObject({ locale, missing: [], warnings: [], html: expect.stringContaining(`lang="${locale}"`) as string });
        expect(rendered.html).toContain('prefers-color-scheme: dark');
        expect(Buffer.byteLength(rendered.html!)).toBeLessThan(30_000);
        expect(rendered.text + rendered.html).not.toMatch(/\{\{|\{%|undefined/);
      }
    }
    expect(renderVersion(readVersion('welcome', 1, compiled[0]!), { username: 'ada' }, undefined)).toMatchObject({ subject: 'Welcome to Angarium', text: expect.stringContaining('Hello ada,') as string });
  });

  it('leave out what is optional', async () => {
    const alert = shippedTemplates.find(({ key }) => key === 'alert')!;
    const version = readVersion('alert', 1, await compileTemplate(alert.settings, silentLogger));
    const { missing, subject, text, html } = renderVersion(version, { title: 'T', message: 'M' }, 'en');
    expect({ missing, subject, text }).toEqual({ missing: [], subject: '[info] T', text: '[INFO] T\n\nM\n\n' });
    expect(html).not.toContain('Look at it');
  });
});
