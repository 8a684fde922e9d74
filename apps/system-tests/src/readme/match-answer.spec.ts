import { answerPattern } from './match-answer.js';

const fits = (shown: string, output: string) => answerPattern(shown).test(output);

describe('an answer that a page shows', () => {
  it('fits what has everything that is shown, in that order, with anything where a … stands', () => {
    expect(fits('{"id":"…","name":"orders",…,"version":1,…}', '{"id":"01a1","name":"orders","status":"active","version":1,"a":[]}\n')).toBe(true);
    expect(fits('{"id":"…"}\n{"id":"…"}', '{"id":"1"}\n{"id":"2"}\n')).toBe(true);
  });

  it('may leave out fields where there are none', () => {
    expect(fits('{"a":1,…,"b":2}', '{"a":1,"b":2}')).toBe(true);
    expect(fits('{"a":1,…,"b":2}', '{"a":1,"ab":2}')).toBe(false);
  });

  it('may be broken into lines where the answer is not', () => {
    expect(fits('{"a":1,\n "b":2}', '{"a":1,"b":2}')).toBe(true);
  });

  it('does not fit when something shown is missing or other, or something comes before or behind it', () => {
    expect(fits('{"a":1}', '{"a":2}')).toBe(false);
    expect(fits('{"a":1}', '{"a":1}{"code":"INTERNAL"}')).toBe(false);
    expect(fits('{"a.b":[1]}', '{"aXb":[1]}')).toBe(false);
  });
});
