import type { TemplateVariable } from '@angarium/contracts';
import { EmailErrors } from '../errors.js';
import { escapeHtml } from './escape-html.js';
import type { MailTemplate } from './mail-template.js';
import { welcomeTemplate } from './welcome.template.js';

export type TemplateVariables = Readonly<Record<string, TemplateVariable>>;

const templates: ReadonlyMap<string, MailTemplate> = new Map([['welcome', welcomeTemplate]]);
const place = /\{\{(\w+)\}\}/g;

/**
 * Fills a template in. A variable is one line of text: control characters, line ends and marks that turn the writing
 * direction become spaces, so that it cannot write paragraphs of its own; in the HTML part it is escaped as well. Variables that the template does not use are ignored.
 * @throws EMAIL_INVALID naming every variable that is missing.
 */
export function renderTemplate(key: string, variables: TemplateVariables): MailTemplate {
  const template = templates.get(key);
  if (template === undefined) throw EmailErrors.EMAIL_INVALID(`There is no template ${key}. Use one of: ${[...templates.keys()].join(', ')}.`);
  const needed = new Set([template.subject, template.text, template.html].flatMap((part) => [...part.matchAll(place)].map(([, name = '']) => name)));
  const missing = [...needed].filter((name) => !Object.hasOwn(variables, name) || asLine(variables[name]) === '');
  if (missing.length > 0) {
    const list = missing.map((name) => `template.variables.${name}`).join(', ');
    throw EmailErrors.EMAIL_INVALID(`The template ${key} lacks ${list}. Give a value for each.`, { details: { template: key, missing } });
  }
  const fill = (part: string, encode: (value: string) => string) => part.replace(place, (_whole, name: string) => encode(asLine(variables[name])));
  const asIs = (value: string) => value;
  return { subject: fill(template.subject, asIs), text: fill(template.text, asIs), html: fill(template.html, escapeHtml) };
}

function asLine(value: TemplateVariable | undefined): string {
  return (typeof value === 'object' ? '' : String(value ?? ''))
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]+/gu, ' ')
    .trim();
}
