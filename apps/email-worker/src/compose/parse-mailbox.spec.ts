import { isAddress } from './is-address.js';
import { parseMailbox } from './parse-mailbox.js';

describe('a mail address', () => {
  it.each(['a@b.co', 'ada.lovelace+news@sub.example.com', "o'neill@example.com", `${'a'.repeat(64)}@example.com`, 'x@xn--bcher-kva.example'])('is %s', (text) => {
    expect(isAddress(text)).toBe(true);
  });

  it.each([
    ...['', 'ada', 'ada@', '@example.com', 'ada@localhost', 'ada@example..com', 'ada@-example.com', '.ada@example.com', 'ada.@example.com', 'a..b@example.com'],
    ...['ada@example.com ', 'ada@example.com\n', 'ada@exam\nple.com', 'ada\0@example.com', '"ada"@example.com', 'ada@[127.0.0.1]', 'ada(comment)@example.com'],
    ...['ada@example.com, eve@example.com', 'ada@example.com@eve.com', '<ada@example.com>', `${'a'.repeat(65)}@example.com`, `a@${'b.'.repeat(130)}com`, 'ä@example.com'],
  ])('is not %j', (text) => {
    expect(isAddress(text)).toBe(false);
  });

  it('is decided in no time, also for a text that was made to take long', () => {
    const started = performance.now();
    isAddress(`${'a.'.repeat(50_000)}@`);
    parseMailbox(`"${'\\"'.repeat(50_000)}`);
    parseMailbox(`${' '.repeat(300)}<`);
    expect(performance.now() - started).toBeLessThan(100);
  });
});

describe('a sender', () => {
  it.each([
    ['ada@example.com', { address: 'ada@example.com' }],
    ['Ada Lovelace <ada@example.com>', { name: 'Ada Lovelace', address: 'ada@example.com' }],
    ['<ada@example.com>', { address: 'ada@example.com' }],
    ['"Lovelace, Ada" <ada@example.com>', { name: 'Lovelace, Ada', address: 'ada@example.com' }],
    ['"A \\"the\\" B" <ada@example.com>', { name: 'A "the" B', address: 'ada@example.com' }],
    ['Jürgen 🚀 <j@example.com>', { name: 'Jürgen 🚀', address: 'j@example.com' }],
  ])('is read from %s', (text, expected) => {
    expect(parseMailbox(text)).toEqual(expected);
  });

  it.each([
    ...['Ada', 'Ada <ada>', 'Ada <ada@example.com> eve@example.com', 'a@b.co, c@d.co', 'Team: a@b.co;', 'Ada <a@b.co>, Eve <e@b.co>'],
    ...['Ada\r\nBcc: eve@example.com <ada@example.com>', 'Ada <ada@example.com>\nX: y', 'A\u2028B <ada@example.com>', '"Ada <ada@example.com>'],
  ])('is not %j', (text) => {
    expect(parseMailbox(text)).toBeUndefined();
  });
});
