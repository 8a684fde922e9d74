import { findUnsafePlaces } from './find-unsafe-places.js';

describe('a place for a variable', () => {
  it.each([
    '<a href="{{ url }}">{{ name }}</a>',
    "<a href='{{ url }}' title = \"{{ a }}\">x</a>",
    '<p>{% if a < 3 %}{{ a }}{% endif %}</p>',
    '<!-- {{ a }} --><title>{{ a }}</title>',
    '<!--[if mso]><td alt="{{ a }}"><![endif]-->{{ b }}',
    '<style>.a > .b { color: red }</style><p>{{ a }}</p>',
    'a < b {{ a }} "it\'s" {{ b }}',
    '<img src="cid:{{ a }}" alt="" />',
  ])('is safe in %s', (html) => {
    expect(findUnsafePlaces(html)).toEqual([]);
  });

  it.each([
    ['outside quotes', '<a href={{ url }}>x</a>'],
    ['outside quotes', '<a {{ attributes }}>x</a>'],
    ['outside quotes', '<{{ tag }}>x'],
    ['outside quotes', '<!--[if mso]><td width={{ a }}><![endif]-->'],
    ['onclick', '<a onclick="f(\'{{ a }}\')">x</a>'],
    ['attribute style', '<p style="color: {{ a }}">x</p>'],
    ['attribute content', '<meta http-equiv="refresh" content="0;url={{ a }}">'],
    ['<script>', '<SCRIPT>var a = "{{ a }}";</SCRIPT>'],
    ['<style>', '<style>{{ a }}'],
  ])('is not (%s) in %s', (what, html) => {
    expect(findUnsafePlaces(html).join()).toContain(what);
  });

  it.each(['{{', '<', '<a ', '<a href="', '{%', '<!--[if', '<!--', '<style>', '<a b="{{ c }}"'])('is looked for in no time, also in 100 000 characters of %j', (piece) => {
    const started = performance.now();
    findUnsafePlaces(piece.repeat(100_000 / piece.length));
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});
