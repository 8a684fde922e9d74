import { extractExamples } from './extract-examples.js';

const page = [
  'Text.',
  '```ts example=apps/shop/src/main.ts',
  'const a = `x`;',
  '```',
  '```ts',
  'not an example',
  '```',
  '```text output=apps/shop',
  'one',
  'two',
  '```',
].join('\n');

describe('the examples of a page', () => {
  it('are the blocks that name a file, as they stand there', () => {
    expect([...extractExamples(page).files]).toEqual([['apps/shop/src/main.ts', 'const a = `x`;\n']]);
  });

  it('come with the output that is promised', () => {
    expect([...extractExamples(page).outputs]).toEqual([['apps/shop', 'one\ntwo\n']]);
  });

  it('cannot have one name twice, on one page or on two', () => {
    expect(() => extractExamples(page, page)).toThrow(/Two blocks are called apps\/shop\/src\/main.ts/);
  });
});
