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
  '```sh session=guide',
  'echo one',
  '```',
  '```json answer=guide',
  '{"n":…}',
  '```',
  '```sh session=guide',
  'echo two',
  '```',
].join('\n');

describe('the examples of a page', () => {
  it('are the blocks that name a file, as they stand there', () => {
    expect([...extractExamples(page).files]).toEqual([['apps/shop/src/main.ts', 'const a = `x`;\n']]);
  });

  it('come with the output that is promised', () => {
    expect([...extractExamples(page).outputs]).toEqual([['apps/shop', 'one\ntwo\n']]);
  });

  it('come with the commands of a session in their order, and what each prints where it is shown', () => {
    expect(extractExamples(page).sessions.get('guide')).toEqual([
      { commands: 'echo one\n', answer: '{"n":…}\n' },
      { commands: 'echo two\n', answer: undefined },
    ]);
  });

  it('cannot show an answer that no commands stand before', () => {
    expect(() => extractExamples('```json answer=guide\n1\n```\n')).toThrow(/The answer of guide has no commands/);
  });

  it('cannot have one name twice, on one page or on two', () => {
    expect(() => extractExamples(page, page)).toThrow(/Two blocks are called apps\/shop\/src\/main.ts/);
  });
});
