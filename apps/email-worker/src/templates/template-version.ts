import type { TemplateContent, TemplateSettings } from '@angarium/contracts';
import { readLiquid, type LiquidText } from './liquid-text.js';

/** A text as it was saved, with the HTML that its MJML was compiled to. */
export interface StoredContent extends TemplateContent {
  readonly compiledHtml?: string | undefined;
}

/** What a version says: never changed once it is stored. */
export interface StoredVersion {
  readonly defaultLocale: string;
  readonly variables: TemplateSettings['variables'];
  readonly contents: Readonly<Record<string, StoredContent>>;
}

interface ReadContent {
  readonly subject: LiquidText;
  readonly html: LiquidText | undefined;
  readonly text: LiquidText | undefined;
}

/** A version that was read and can be rendered. */
export interface TemplateVersion extends Pick<StoredVersion, 'defaultLocale' | 'variables'> {
  readonly key: string;
  /** null: a draft. */
  readonly version: number | null;
  readonly contents: ReadonlyMap<string, ReadContent>;
}

/** Reads the texts of a version. Takes milliseconds. @throws LiquidFault, which a version that was checked when it was saved does not. */
export function readVersion(key: string, version: number | null, { defaultLocale, variables, contents }: StoredVersion): TemplateVersion {
  return { key, version, defaultLocale, variables, contents: new Map(Object.entries(contents).map(([locale, content]) => [locale, readContent(content)])) };
}

/** @throws LiquidFault */
export function readContent({ subject, html, compiledHtml, text }: StoredContent): ReadContent {
  const layout = compiledHtml ?? html;
  return {
    subject: readLiquid('plain', subject),
    html: layout === undefined ? undefined : readLiquid('html', layout),
    text: text === undefined ? undefined : readLiquid('plain', text),
  };
}
