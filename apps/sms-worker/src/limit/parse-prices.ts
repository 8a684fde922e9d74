/** Price of one segment by country; `default` for all others. */
export type Prices = ReadonlyMap<string, number>;

/**
 * Reads SMS_PRICES: `CN=0.05,default=0.1`, in whatever currency SMS_SPEND_PER_DAY is. Pure.
 * @returns the prices, or the fault as a sentence
 */
export function parsePrices(text: string): Prices | string {
  const prices = new Map<string, number>();
  for (const part of text.split(',').map((it) => it.trim())) {
    const [, country, price] = /^([A-Z]{2}|default)=(\d{1,6}(?:\.\d{1,6})?)$/.exec(part) ?? [];
    if (country === undefined) return `"${part}" is no price; expected a country of two capital letters, or default, = and a number.`;
    if (prices.has(country)) return `${country} has two prices.`;
    prices.set(country, Number(price));
  }
  return prices.has('default') ? prices : 'a price for default is missing.';
}

/** What one segment to a country costs. Pure. */
export function priceOf(prices: Prices, country: string): number {
  return prices.get(country) ?? prices.get('default') ?? 0;
}
