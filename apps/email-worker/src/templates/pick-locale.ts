/**
 * The locale that a mail is written in: the wanted one, then shorter ones (zh-Hant-TW, zh-Hant, zh), then the default.
 * Case does not count. @returns one of `available`, as it is written there.
 */
export function pickLocale(wanted: string | undefined, available: readonly string[], defaultLocale: string): string | undefined {
  const byName = new Map(available.map((locale) => [locale.toLowerCase(), locale]));
  const parts = wanted?.toLowerCase().split('-') ?? [];
  for (let length = parts.length; length > 0; length--) {
    const found = byName.get(parts.slice(0, length).join('-'));
    if (found !== undefined) return found;
  }
  return byName.get(defaultLocale.toLowerCase());
}
