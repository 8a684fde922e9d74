import type { TemplateSettings } from '@angarium/contracts';
import fc from 'fast-check';
import { renderVersion } from './render-version.js';
import { readVersion, type StoredContent } from './template-version.js';

type Variables = Parameters<typeof renderVersion>[1];
const html = '<div title="{{ a }}"><p>{{ a }}</p>{% for it in list %}<li>{{ it }}</li>{% endfor %}{% if a %}<b>{{ a | upcase }}</b>{% endif %}<i alt=\'{{ a | truncate: 30 }}\'></i></div>';
const version = (content: Partial<StoredContent>, variables: TemplateSettings['variables'] = null) =>
  readVersion('order', 1, { defaultLocale: 'en', variables, contents: { en: { subject: 'S', ...content } } });
const render = (content: Partial<StoredContent>, variables: Variables, schema: TemplateSettings['variables'] = null) => renderVersion(version(content, schema), variables, undefined);
const tagsOf = (text: string) => text.match(/<[^>]*>?/g)?.map((tag) => tag.replace(/(["']).*?\1/gs, '""'));

describe('a variable', () => {
  const hostile = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: fc.constantFrom('<', '>', '"', "'", '&', '{', '}', '%', '=', '`', '\r', '\n', 'x', ' ', '\u202e', '\0') }));

  it('never becomes markup, whatever it is', () => {
    const expected = tagsOf(render({ html }, { a: 'x', list: ['x'] }).html ?? '');
    fc.assert(
      fc.property(hostile, (value) => {
        const variables: Record<string, string | string[]> = { a: `x${value}`, list: [value] };
        expect(tagsOf(render({ html }, variables).html ?? '')).toEqual(expected);
      }),
      { numRuns: 2_000 },
    );
  });

  it('never ends the line of the subject or turns it around, whatever it is', () => {
    fc.assert(
      fc.property(hostile, (value) => {
        const { subject } = render({ subject: 'Order {{ a }}', text: 'x' }, { a: value });
        expect(subject).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u);
        expect(subject.startsWith('Order')).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it('brings no line ends into the subject through a filter either', () => {
    expect(render({ subject: 'Order {{ a | url_decode }}', text: 'x' }, { a: 'x%0D%0ABcc: eve@example.com' }).subject).toBe('Order x Bcc: eve@example.com');
  });

  it('can be passed through any filter and is escaped after it', () => {
    for (const filter of ['newline_to_br', 'strip_html', 'escape_once', 'url_decode', 'json', 'join', 'split: "" | join: ""', 'append: "<b>"', 'replace: "x", "<b>"', 'date: "<b>"']) {
      expect(render({ html: `{{ a | ${filter} }}` }, { a: '<script>x</script>%3Cb%3E' }).html).not.toContain('<');
    }
    expect(render({ html: '{{ a | base64_decode }}' }, { a: Buffer.from('<b>').toString('base64') }).html).toBe('&lt;b&gt;');
  });

  it.each(['{{ a | raw }}', '{% raw %}{{ a }}{% endraw %}', '{% cycle a, "b" %}', '{% echo a %}', '{% liquid echo a %}', '{% include "x" %}', '{% render "/etc/passwd" %}', '{% layout "x" %}', '{% tablerow x in a %}{% endtablerow %}'])(
    'has no way around the escaping, and no file is read: %s is refused',
    (source) => {
      expect(() => version({ html: source })).toThrow();
    },
  );

  it('writes one line of the text, no paragraphs of its own', () => {
    expect(render({ text: 'Hello {{ a }},\n\nbye' }, { a: 'ada\r\n\r\nYou won!\u202eevil' }).text).toBe('Hello ada You won! evil,\n\nbye');
  });

  it('is filled in once: one that looks like a place stays as it is', () => {
    expect(render({ text: '{{ a }}' }, { a: '{{ a }}$&$1{% if %}' }).text).toBe('{{ a }}$&$1{% if %}');
  });

  it.each(['javascript:alert(1)', 'JaVaScRiPt:alert(1)', 'java\tscript:alert(1)', ' javascript:x', 'data:text/html,x', 'vbscript:x', '\u200bjavascript:x'])('is refused in a link when it is %j', (url) => {
    expect(() => render({ html: '<a href="{{ url }}">x</a>' }, { url })).toThrow(expect.objectContaining({ code: 'EMAIL_TEMPLATE_VARIABLES_INVALID' }) as Error);
  });

  it.each(['https://example.com/?a=1&b=2#c', 'http://example.com', 'mailto:ada@example.com', 'tel:+491', '/path:x', '#top', 'example.com'])('may be a link when it is %s', (url) => {
    expect(render({ html: '<a href="{{ url }}">x</a>' }, { url }).html).toContain('<a href=');
  });

  it('does not come from the prototype of what was given', () => {
    const given = Object.create({ a: 'ada' }) as Record<string, string>;
    expect(render({ text: '{{ a }}' }, given).missing).toEqual(['a']);
    expect(render({ text: '{{ a.constructor }}' }, { a: 'x' }).missing).toEqual(['a.constructor']);
  });
});

describe('what is missing', () => {
  it('is listed all at once, from every part of the mail, and what has a default or stands behind a condition is not', () => {
    const content = { subject: '{{ a }}', html: '<p title="{{ b }}">{{ c.d }}{% if e %}{{ e }}{% endif %}{{ f | default: "-" }}</p>', text: '{{ a }} {{ g }}' };
    const { missing, subject, text } = render(content, { c: {} });
    expect(missing).toEqual(['a', 'b', 'c.d', 'g']);
    expect({ subject, text }).toEqual({ subject: '', text: ' ' });
  });

  it.each<Variables>([{}, { a: '' }, { a: '\n' }, { a: '\u202e' }])('includes what is blank: %j', (variables) => {
    expect(render({ text: '{{ a }}' }, variables).missing).toEqual(['a']);
  });

  it('includes what the schema requires, though the text does not use it', () => {
    const schema = { type: 'object' as const, properties: { a: { type: 'object' as const, required: ['b'] } }, required: ['a', 'c'] };
    expect(render({ text: 'x' }, { a: {} }, schema).missing).toEqual(['c', 'a.b']);
  });
});

describe('a variable that does not fit the schema', () => {
  const properties = {
    count: { type: 'integer' as const, minimum: 1, maximum: 9 },
    url: { type: 'string' as const, format: 'uri' as const },
    mode: { type: 'string' as const, enum: ['a', 'b'] },
    name: { type: 'string' as const, maxLength: 3 },
    list: { type: 'array' as const, maxItems: 1, items: { type: 'string' as const } },
    day: { type: 'string' as const, format: 'date' as const },
  };
  const schema = { type: 'object' as const, properties, additionalProperties: false };

  it.each<[string, Variables]>([
    ['count', { count: 1.5 }],
    ['count', { count: 10 }],
    ['count', { count: '1' }],
    ['url', { url: 'javascript:x' }],
    ['url', { url: 'example.com' }],
    ['mode', { mode: 'secret' }],
    ['name', { name: 'secret' }],
    ['list', { list: ['a', 'b'] }],
    ['list.0', { list: [1] }],
    ['day', { day: '2026-13-01' }],
    ['other', { other: 1 }],
  ])('is named (%s) and never repeated', (path, variables) => {
    const failure = (() => {
      try {
        return render({ text: 'x' }, variables, schema);
      } catch (error) {
        return error as Error & { details: unknown };
      }
    })();
    expect(failure).toMatchObject({ code: 'EMAIL_TEMPLATE_VARIABLES_INVALID', retry: 'never', details: { faults: [{ path: `variables.${path}` }] } });
    expect(JSON.stringify(failure) + (failure as Error).message).not.toContain('secret');
  });

  it.each(['https://a.b', 'http://a.b', 'mailto:ada@example.com', 'tel:+491'])('may be %s where it is to be a uri', (url) => {
    expect(render({ text: 'x' }, { url }, schema).missing).toEqual([]);
  });

  it('is one that fits when it does', () => {
    expect(render({ text: 'x' }, { count: 1, url: 'https://a.b', mode: 'a', name: 'abc', list: ['x'], day: '2026-12-01' }, schema).missing).toEqual([]);
  });
});

describe('a filter that cannot take its value', () => {
  it('fails the mail for good, naming the place and never the value', () => {
    const failure = ((): unknown => {
      try {
        return render({ text: 'x\n{{ a | base64_decode }}' }, { a: 'a secret!' });
      } catch (error) {
        return error;
      }
    })() as Error;
    expect(failure).toMatchObject({ code: 'EMAIL_TEMPLATE_FAILED', message: 'The template order cannot be rendered (text): a filter or tag cannot take what it is given, line:2, col:1.' });
    expect(failure.cause).toBeUndefined();
  });
});

describe('a hostile template', () => {
  // cut off by the clock it is tried again: a machine that stood still looks the same
  it.each<[string, string, string?]>([
    ['makes a huge range', '{% for i in (1..1000000000) %}x{% endfor %}'],
    ['loops in loops', '{% for i in (1..2000) %}{% for j in (1..2000) %}{% for k in (1..2000) %}{% assign z = i %}{% endfor %}{% endfor %}{% endfor %}', 'later'],
    ['writes without end', `{% for i in (1..2000) %}{% for j in (1..2000) %}${'y'.repeat(5_000)}{% endfor %}{% endfor %}`],
    ['doubles a text', `{% assign a = "xxxxxxxxxx" %}${'{% assign a = a | append: a %}'.repeat(60)}{{ a }}`],
    ['doubles a capture', `{% capture a %}xxxxxxxxxx{% endcapture %}${'{% capture a %}{{ a }}{{ a }}{% endcapture %}'.repeat(60)}`],
    ['pads a date', '{{ "1" | date: "%1000000000Y" }}'],
  ])('that %s is cut off within a second or two', (_what, text, retry = 'never') => {
    const started = performance.now();
    expect(() => render({ text }, {})).toThrow(expect.objectContaining({ code: 'EMAIL_TEMPLATE_FAILED', retry }) as Error);
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  it('that is larger than allowed is refused before it is read', () => {
    expect(() => version({ html: 'x'.repeat(600_001) })).toThrow('parse length limit exceeded');
  });
});

describe('the locale of a mail', () => {
  const contents = Object.fromEntries(['en', 'zh', 'zh-Hant', 'de-AT'].map((locale) => [locale, { subject: locale, text: 'x' }]));
  const template = readVersion('order', 1, { defaultLocale: 'en', variables: null, contents });

  it.each([
    ['zh-Hant-TW', 'zh-Hant'],
    ['zh-hant', 'zh-Hant'],
    ['zh-CN', 'zh'],
    ['de-at', 'de-AT'],
    ['de', 'en'],
    ['fr-FR', 'en'],
    [undefined, 'en'],
  ])('for %s is %s', (wanted, expected) => {
    const { subject, locale, warnings } = renderVersion(template, {}, wanted);
    expect({ subject, locale }).toEqual({ subject: expected, locale: expected });
    expect(warnings.some((it) => it.includes('takes its place'))).toBe(wanted !== undefined && wanted.toLowerCase() !== expected.toLowerCase());
  });
});

describe('the plain text', () => {
  it('is made from the HTML where there is none, with its links and tables, and without what is hidden', () => {
    const { text } = render(
      {
        html:
          '<div style="display:none;max-height:0">hidden</div><table role="presentation"><tr><td><h1>Hello {{ a }}</h1></td></tr><tr><td><a href="https://example.com/x">Look</a> <a href="https://b.co">https://b.co</a></td></tr></table>' +
          '<table class="data"><tr><th>Item</th><th>Price</th></tr><tr><td>Tea</td><td>3</td></tr></table><img src="https://a.b/x.png" alt="logo">',
      },
      { a: '<b>' },
    );
    expect(text.split('\n').map((line) => line.trimEnd())).toEqual(['Hello <b>', '', 'Look <https://example.com/x> https://b.co', '', 'Item   Price', 'Tea    3']);
  });
});
