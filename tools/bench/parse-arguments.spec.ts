import { parseArguments } from './parse-arguments.js';

const names = ['angarium', 'bullmq'];

describe('the arguments of npm run bench', () => {
  it('take a bench and its options', () => {
    expect(parseArguments(['transport', '--quick', '--only', 'angarium,bullmq', '--profile', 'p'], names)).toEqual({
      ...{ bench: 'transport', isQuick: true, only: ['angarium', 'bullmq'], profileDir: 'p', isHelp: false },
    });
    expect(parseArguments([], names)).toMatchObject({ bench: undefined, isQuick: false, only: undefined });
  });

  it.each([
    [['transprt'], 'There is no bench "transprt"; there are: transport, startup.'],
    [['transport', '--only', 'kafka'], 'There is no contender "kafka"; there are: angarium, bullmq.'],
    [['transport', 'startup'], '"startup" is one too many.'],
    [['transport', '--fast'], "Unknown option '--fast'"],
  ])('refuse %j and say what there is', (argv, message) => {
    expect(() => parseArguments(argv, names)).toThrow(message);
  });
});
