import fc from 'fast-check';
import { hasOddNumber, payloadText, payloadTexts } from './payload-text.js';

/** A JSON value as somebody may have printed it, and the same without whitespace between its parts. */
interface Printed {
  readonly loose: string;
  readonly tight: string;
}

const space = fc.stringMatching(/^[ \t\n\r]{0,3}$/);
const digits = fc.oneof(fc.constant('0'), fc.stringMatching(/^[1-9][0-9]{0,25}$/));
const number = fc
  .tuple(fc.constantFrom('', '-'), digits, fc.oneof(fc.constant(''), fc.stringMatching(/^\.[0-9]{1,20}$/), fc.stringMatching(/^\.0{0,9}[1-9]$/)), fc.oneof(fc.constant(''), fc.stringMatching(/^[eE][+-]?[0-9]{1,3}$/)))
  .map((parts) => parts.join(''));
/** Letters as they are, or escaped although they need not be; what looks like JSON among them. */
const string = fc
  .array(fc.oneof(fc.string({ unit: 'grapheme', maxLength: 8 }).map((it) => JSON.stringify(it).slice(1, -1)), fc.constantFrom('\\u0061', '\\/', '\\"', '\\\\', '{', '} ', '[ ', ',', ' : ', '"payload": 1'.replaceAll('"', '\\"'), '1.10 ')), { maxLength: 4 })
  .map((parts) => `"${parts.join('')}"`);
const scalar = fc.oneof(number, string, fc.constantFrom('null', 'true', 'false')).map((text): Printed => ({ loose: text, tight: text }));

function joined(open: string, close: string, parts: readonly Printed[], gaps: readonly string[]): Printed {
  const gap = (nth: number) => gaps[nth % Math.max(1, gaps.length)] ?? '';
  return { loose: `${open}${parts.map(({ loose }, nth) => gap(nth) + loose + gap(nth + 1)).join(',')}${gap(2)}${close}`, tight: `${open}${parts.map(({ tight }) => tight).join(',')}${close}` };
}
function member(name: string, value: Printed, gap: string): Printed {
  return { loose: `${name}${gap}:${gap}${value.loose}`, tight: `${name}:${value.tight}` };
}

const { value } = fc.letrec<{ value: Printed; array: Printed; object: Printed }>((tie) => ({
  value: fc.oneof({ maxDepth: 4, depthSize: 'small' }, scalar, tie('array'), tie('object')),
  array: fc.tuple(fc.array(tie('value'), { maxLength: 4 }), fc.array(space, { minLength: 1, maxLength: 3 })).map(([parts, gaps]) => joined('[', ']', parts, gaps)),
  object: fc
    .tuple(fc.array(fc.tuple(string, tie('value'), space), { maxLength: 4 }), fc.array(space, { minLength: 1, maxLength: 3 }))
    .map(([members, gaps]) => joined('{', '}', members.map(([name, it, gap]) => member(name, it, gap)), gaps)),
}));
/** Two spellings of one name. */
const named = (name: string) => fc.constantFrom(`"${name}"`, `"\\u${name.charCodeAt(0).toString(16).padStart(4, '0')}${name.slice(1)}"`);
const other = fc.tuple(string.filter((it) => !['payload', 'messages'].includes(JSON.parse(it) as string)), value, space);
/** A message's object, in which its payload may stand twice: the last one counts. */
const message = fc.tuple(fc.array(other, { maxLength: 2 }), fc.option(value), value, named('payload'), fc.array(other, { maxLength: 2 }), fc.array(space, { minLength: 1, maxLength: 3 })).map(([before, first, payload, name, behind, gaps]) => {
  const all = (list: typeof before) => list.map(([key, it, gap]) => member(key, it, gap));
  const members = [...all(before), ...(first === null ? [] : [member('"payload"', first, ' ')]), ...all(behind.slice(1)), member(name, payload, gaps[0] ?? ''), ...all(behind.slice(0, 1))];
  return { body: joined('{', '}', members, gaps), payload };
});

describe('the payload of a publish', () => {
  it('keeps every letter but whitespace that means nothing, whatever stands around it', () => {
    fc.assert(
      fc.property(message, ({ body, payload }) => {
        const kept = payloadText(body.loose) ?? JSON.stringify((JSON.parse(body.loose) as { payload: unknown }).payload);
        expect(JSON.parse(kept)).toEqual(JSON.parse(payload.tight));
        if (hasOddNumber(body.loose)) expect(kept).toBe(payload.tight);
      }),
      { numRuns: 500 },
    );
  });

  it('is found for every message of a batch', () => {
    fc.assert(
      fc.property(fc.array(message, { minLength: 1, maxLength: 4 }), named('messages'), space, (messages, name, gap) => {
        const array = joined('[', ']', messages.map(({ body }) => body), [gap]);
        const body = joined('{', '}', [member('"messages"', { loose: '[1.10]', tight: '' }, ''), member(name, array, gap), member('"atomic"', { loose: '1.0', tight: '' }, gap)], [gap]).loose;
        expect(payloadTexts(body)).toEqual(messages.map(({ payload }) => payload.tight));
      }),
      { numRuns: 200 },
    );
  });

  it.each(['{"topic":"orders","payload":{"total":12.5,"at":"2026-01-02T03:04:05.000Z","list":[0,-1,1000]}}', '{"messages":[{"payload":1}]}'])('is not looked for where every number survives: %s', (body) => {
    expect([payloadText(body), payloadTexts(body)]).toEqual([undefined, []]);
  });

  it('behind a byte order mark is found, and none is none', () => {
    expect(payloadText('\ufeff {"payload": 1.0 }')).toBe('1.0');
    expect(payloadText('{"total":1.0}')).toBeUndefined();
    expect(payloadText(undefined)).toBeUndefined();
  });

  it('nested deeper than any stack is walked through', () => {
    const deep = `${'['.repeat(200_000)}1.0${']'.repeat(200_000)}`;
    expect(payloadText(`{"payload":${deep}}`)).toBe(deep);
  });
});

describe('a number', () => {
  it('that is not thought to be odd has the same letters behind JSON.parse and JSON.stringify', () => {
    fc.assert(fc.property(number, fc.constantFrom('}', ' }', ',"a":1}', ']}'), (text, end) => hasOddNumber(`{"payload":${text}${end}`) || JSON.stringify(JSON.parse(text)) === text), { numRuns: 5_000 });
  });

  it.each(['1.10', '12345678901234567890', '1234567890.1234567', '1e400', '2E1', '-0', '-0.0', '0.0000001'])('that would change is found wherever it stands: %s', (text) => {
    for (const body of [`{"payload":${text}}`, `{"payload":[1, ${text} ]}`, `{"payload":[ ${text}]}`, `{"payload":\n-1,"other":${text},"n":1}`]) expect(hasOddNumber(body)).toBe(true);
  });

  it('that is short and plain is not thought to be odd', () => {
    fc.assert(fc.property(fc.integer({ min: -1_000_000, max: 1_000_000 }), fc.integer({ min: 1, max: 99 }), (whole, cents) => cents % 10 === 0 || !hasOddNumber(`{"payload":[${whole},${whole}.${cents}]}`)));
  });

  it('or half a million of what looks like one in a string takes no longer than a walk over it', () => {
    const started = performance.now();
    for (const part of ['9', '.0', '1e', '9.', '-0', ',', ', ', '[1', ':1.']) hasOddNumber(`{"payload":"${part.repeat(500_000)}"}`);
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});
