import type { TemplateContent, TemplateSettings } from '@angarium/contracts';
import type { IgnoredErrorLog } from '@angarium/errors';
import { EmailErrors } from '../errors.js';
import { compileMjml, type CompiledMjml } from './compile-mjml.js';
import { findUnsafePlaces } from './find-unsafe-places.js';
import { LiquidFault, MAX_TEXT_CHARS } from './liquid-text.js';
import { readContent, type StoredContent, type StoredVersion } from './template-version.js';

/** What one message between services can carry, with room for its JSON. */
export const MAX_TEMPLATE_BYTES = 200_000;

interface Fault {
  readonly path: string;
  readonly message: string;
}

/** Checks one template and compiles its MJML; as compileTemplates. */
export async function compileTemplate(settings: TemplateSettings, log: IgnoredErrorLog): Promise<StoredVersion> {
  const [version] = await compileTemplates([settings], log);
  if (version === undefined) throw new Error('a template was compiled to nothing');
  return version;
}

/**
 * Checks templates and compiles their MJML, all in one thread: what comes out can be stored and rendered.
 * @throws EMAIL_TEMPLATE_INVALID with every fault and its path; EMAIL_TEMPLATE_TOO_LARGE.
 */
export async function compileTemplates(templates: readonly TemplateSettings[], log: IgnoredErrorLog): Promise<StoredVersion[]> {
  templates.forEach(requireSize);
  const sources = templates.flatMap(({ locales }) => Object.values(locales).flatMap(({ mjml }) => (mjml === undefined ? [] : [mjml])));
  const compiled = await compileMjml(sources, log).catch((error: unknown) => {
    throw EmailErrors.EMAIL_TEMPLATE_INVALID('The MJML takes too long or too much memory to compile. Make it simpler.', { cause: error });
  });
  const results = compiled.values();
  return templates.map((settings) => withCompiled(settings, () => results.next().value));
}

function withCompiled(settings: TemplateSettings, next: () => CompiledMjml | undefined): StoredVersion {
  const faults: Fault[] = [...localeFaults(settings)];
  const contents: Record<string, StoredContent> = {};
  for (const [locale, content] of Object.entries(settings.locales)) {
    const path = `locales.${locale}`;
    const result = content.mjml === undefined ? undefined : next();
    const compiledHtml = result !== undefined && 'html' in result ? result.html : undefined;
    const stored = { ...content, ...(compiledHtml === undefined ? {} : { compiledHtml }) };
    if (result !== undefined && 'faults' in result) faults.push(...result.faults.map((message) => ({ path: `${path}.mjml`, message })));
    faults.push(...includeFaults(content, path), ...textFaults(stored, path, settings.variables));
    contents[locale] = stored;
  }
  if (faults.length > 0) {
    const [first] = faults;
    throw EmailErrors.EMAIL_TEMPLATE_INVALID(`The template cannot be saved: ${first?.path} ${first?.message}${faults.length > 1 ? ` (and ${faults.length - 1} more in details)` : ''}.`, {
      details: { faults },
    });
  }
  return { defaultLocale: settings.defaultLocale, variables: settings.variables, contents };
}

function localeFaults({ locales, defaultLocale }: TemplateSettings): Fault[] {
  const names = Object.keys(locales).map((it) => it.toLowerCase());
  return [
    ...(names.includes(defaultLocale.toLowerCase()) ? [] : [{ path: 'defaultLocale', message: `is ${defaultLocale}, which locales does not have; add it, or name one that is there` }]),
    ...(new Set(names).size === names.length ? [] : [{ path: 'locales', message: 'has one locale twice, in letters of different case' }]),
  ];
}

function includeFaults({ mjml }: TemplateContent, path: string): Fault[] {
  return mjml !== undefined && /<mj-include\b/i.test(mjml) ? [{ path: `${path}.mjml`, message: 'has mj-include; there are no other files, so write it out' }] : [];
}

function textFaults(stored: StoredContent, path: string, schema: TemplateSettings['variables']): Fault[] {
  const layout = stored.compiledHtml ?? stored.html;
  const layoutPath = `${path}.${stored.mjml === undefined ? 'html' : 'mjml'}`;
  if (layout !== undefined && layout.length > MAX_TEXT_CHARS) return [{ path: layoutPath, message: `becomes ${layout.length} characters of HTML; at most ${MAX_TEXT_CHARS} are taken` }];
  try {
    const read = readContent(stored);
    const used = new Set([read.subject, read.html, read.text].flatMap((it) => it?.variables ?? []));
    const unknown = schema === null ? [] : [...used].filter((name) => !Object.hasOwn(schema.properties, name));
    const undeclared = unknown.length === 0 ? [] : [{ path, message: `uses ${unknown.join(', ')}, which variables.properties does not declare` }];
    // after reading: marks that do not end are no marks
    const unsafe = layout === undefined ? [] : findUnsafePlaces(layout).map((message) => ({ path: layoutPath, message }));
    return [...undeclared, ...unsafe];
  } catch (error) {
    if (!(error instanceof LiquidFault)) throw error;
    return [{ path, message: `is no Liquid text: ${error.message}` }];
  }
}

function requireSize(settings: TemplateSettings): void {
  const bytes = Buffer.byteLength(JSON.stringify(settings));
  if (bytes > MAX_TEMPLATE_BYTES) throw EmailErrors.EMAIL_TEMPLATE_TOO_LARGE(`The template has ${bytes} bytes; at most ${MAX_TEMPLATE_BYTES} are taken. Shorten its texts.`);
}
