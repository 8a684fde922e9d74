import { defineErrors } from '@angarium/errors';
import { collectErrors } from './collect-errors.js';
import { errorsPage } from './errors-page.js';

const gone = { status: 404, blame: 'caller', retry: 'never', summary: 'It is <gone>.', cure: 'Ask for another | one.' } as const;
const full = { status: 503, blame: 'us', retry: { afterMs: 1_500 }, summary: 'The shop is full.', cure: 'Wait.' } as const;
const Shop = { path: 'apps/shop/src/errors.ts', module: { ShopErrors: defineErrors({ ARTICLE_GONE: gone, SHOP_FULL: full }), toShopError: () => undefined } };

describe('the error page', () => {
  it('tells of a code its status, blame, verdict, meaning and cure', () => {
    const text = errorsPage(collectErrors([Shop]));
    expect(text).toContain('## apps/shop');
    expect(text).toContain('| `ARTICLE_GONE` | 404 | caller | never | It is \\<gone>. | Ask for another \\| one. |');
    expect(text).toContain('| `SHOP_FULL` | 503 | us | after 1500 ms | The shop is full. | Wait. |');
  });

  it('has a code that two parts state once, in the words of both', () => {
    const Till = { path: 'apps/till/src/errors.ts', module: { TillErrors: defineErrors({ ARTICLE_GONE: { ...gone, summary: 'Sold.' } }) } };
    const text = errorsPage(collectErrors([Shop, Till]));
    expect(text.match(/`ARTICLE_GONE`/g)).toHaveLength(1);
    expect(text).toContain('It is \\<gone>. (apps/shop) Sold. (apps/till)');
  });
});

describe('collecting error codes', () => {
  it.each([
    ['status', { ...gone, status: 410 }],
    ['blame', { ...gone, blame: 'us' as const }],
    ['verdict', { ...gone, retry: 'later' as const }],
  ])('refuses a code with another %s elsewhere', (_what, definition) => {
    const Till = { path: 'apps/till/src/errors.ts', module: { TillErrors: defineErrors({ ARTICLE_GONE: definition }) } };
    expect(() => collectErrors([Shop, Till])).toThrow(/ARTICLE_GONE is \(404, caller, never\) in apps\/shop and \(.*\) in apps\/till/);
  });

  it('refuses a file whose catalogue is not exported', () => {
    expect(() => collectErrors([{ path: 'apps/shop/src/errors.ts', module: { other: {} } }])).toThrow(/exports no error catalogue/);
  });
});
