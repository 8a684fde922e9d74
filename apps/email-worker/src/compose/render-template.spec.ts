import { escapeHtml } from './escape-html.js';
import { renderTemplate, type TemplateVariables } from './render-template.js';

describe('the welcome template', () => {
  it('says hello in text and in HTML', () => {
    const { subject, text, html } = renderTemplate('welcome', { username: 'ada' });
    expect(subject).toBe('Welcome to Angarium');
    expect(text).toContain('Hello ada,');
    expect(html).toContain('<h1 style="margin:0 0 16px;font-size:22px">Hello ada,</h1>');
    expect(text + html).not.toContain('{{');
  });

  it.each(['<b>x</b>', '"><script>', "' onclick='", '&lt;', '`'])('shows %s as it is, as text', (username) => {
    const { html, text } = renderTemplate('welcome', { username });
    expect(html).toContain(`<strong>${escapeHtml(username)}</strong>`);
    expect(html.match(/<[a-z]/g)).toEqual(renderTemplate('welcome', { username: 'x' }).html.match(/<[a-z]/g));
    expect(text).toContain(`Hello ${username},`);
  });

  it('fills a name in once: a name that looks like a place stays as it is', () => {
    expect(renderTemplate('welcome', { username: '{{username}}$&$1' }).text).toContain('Hello {{username}}$&$1,');
  });

  it('lets no name write lines of its own or turn the direction of writing', () => {
    const { text } = renderTemplate('welcome', { username: 'ada\r\n\r\nYou won!\u202eevil' });
    expect(text).toContain('Hello ada You won! evil,');
  });

  it.each<TemplateVariables>([{}, { username: '' }, { username: '\n' }])('is refused without a name: %j', (variables) => {
    expect(() => renderTemplate('welcome', variables)).toThrow('lacks template.variables.username');
  });

  it('does not take inherited properties for variables', () => {
    expect(() => renderTemplate('welcome', Object.create({ username: 'ada' }) as Record<string, string>)).toThrow('lacks');
  });
});
