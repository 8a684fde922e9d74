import { EmailErrors } from '../errors.js';
import { hasSafeLinks } from './check-links.js';
import { checkVariables, type VariableFaults } from './check-variables.js';
import { cleanVariables, type TemplateVariables } from './clean-variables.js';
import { htmlToPlain } from './html-to-plain.js';
import { fillLiquid, LiquidFault, type FilledText, type LiquidText } from './liquid-text.js';
import { oneLine, plainLines } from './one-line.js';
import { pickLocale } from './pick-locale.js';
import type { TemplateVersion } from './template-version.js';

/** A mail text, filled in. */
export interface RenderedTemplate {
  readonly subject: string;
  readonly html: string | undefined;
  readonly text: string;
  /** The one that was taken. */
  readonly locale: string;
  readonly version: number | null;
  /** Paths of variables without which the mail must not go out; their places are empty. */
  readonly missing: readonly string[];
  /** For the author of the template. */
  readonly warnings: readonly string[];
}

/** Gmail cuts a mail off here (https://developers.google.com/gmail/markup/best-practices and years of complaints). */
const GMAIL_CLIPS_BYTES = 102_000;

/**
 * Fills a version in: what previews show and what mails are made of. Blocks for a millisecond, at most for some hundred.
 * Does not throw for missing variables: who sends looks at `missing`.
 * @throws EMAIL_TEMPLATE_VARIABLES_INVALID, EMAIL_TEMPLATE_FAILED
 */
export function renderVersion(template: TemplateVersion, given: TemplateVariables, wanted: string | undefined): RenderedTemplate {
  const locale = pickLocale(wanted, [...template.contents.keys()], template.defaultLocale);
  const content = locale === undefined ? undefined : template.contents.get(locale);
  if (locale === undefined || content === undefined) throw failed(template, 'has no text for its default locale');
  const variables = cleanVariables(given);
  const faults = template.variables === null ? { missing: [], wrong: [] } : checkVariables(template.variables, variables);
  requireFitting(template, faults);

  const subject = fill(template, 'subject', content.subject, variables);
  const html = content.html && fill(template, 'html', content.html, variables);
  if (html !== undefined && !hasSafeLinks(html.text)) throw unsafeLink(template);
  const text = content.text && fill(template, 'text', content.text, variables);
  const missing = [...new Set([...faults.missing, ...[subject, html, text].flatMap((it) => it?.missing ?? [])])];
  return {
    ...{ subject: oneLine(subject.text), html: html?.text, text: plainLines(text?.text ?? htmlToPlain(html?.text ?? '')), locale, version: template.version, missing },
    warnings: warningsOf(template, { variables, wanted, locale, html: html?.text, hasText: text !== undefined }),
  };
}

function fill(template: TemplateVersion, part: string, text: LiquidText, variables: TemplateVariables): FilledText {
  try {
    return fillLiquid(text, variables);
  } catch (error) {
    if (error instanceof LiquidFault) throw failed(template, `cannot be rendered (${part}): ${error.message}`, error.isTime ? 'later' : 'never');
    throw error;
  }
}

function requireFitting({ key }: TemplateVersion, { wrong }: VariableFaults): void {
  const [first] = wrong;
  if (first === undefined) return;
  const faults = wrong.map(({ path, message }) => ({ path: `variables.${path}`, message }));
  throw EmailErrors.EMAIL_TEMPLATE_VARIABLES_INVALID(`The template ${key} cannot take template.variables.${first.path}: it ${first.message}.`, { details: { template: key, faults } });
}

function unsafeLink({ key }: TemplateVersion) {
  return EmailErrors.EMAIL_TEMPLATE_VARIABLES_INVALID(`A variable of the template ${key} stands in a link and is no http, https, mailto or tel address. Give such an address.`, {
    details: { template: key },
  });
}

interface Rendering {
  readonly variables: TemplateVariables;
  readonly wanted: string | undefined;
  readonly locale: string;
  readonly html: string | undefined;
  readonly hasText: boolean;
}

function warningsOf({ contents }: TemplateVersion, { variables, wanted, locale, html, hasText }: Rendering): string[] {
  const content = contents.get(locale);
  const used = new Set([content?.subject, content?.html, content?.text].flatMap((it) => it?.variables ?? []));
  const unused = Object.keys(variables).filter((name) => !used.has(name));
  const bytes = Buffer.byteLength(html ?? '');
  return [
    ...(wanted === undefined || wanted.toLowerCase() === locale.toLowerCase() ? [] : [`There is no text for ${wanted}; ${locale} takes its place.`]),
    ...(unused.length === 0 ? [] : [`Not used by the text: ${unused.join(', ')}.`]),
    ...(hasText ? [] : ['The plain text is made from the HTML.']),
    ...(bytes > GMAIL_CLIPS_BYTES ? [`The HTML has ${bytes} bytes; Gmail hides what is beyond ${GMAIL_CLIPS_BYTES}.`] : []),
  ];
}

/** @param retry `later` where the machine may have been too busy: the attempts of a mail are few. */
function failed({ key }: TemplateVersion, what: string, retry: 'never' | 'later' = 'never') {
  return EmailErrors.EMAIL_TEMPLATE_FAILED(`The template ${key} ${what}.`, { details: { template: key }, retry });
}
