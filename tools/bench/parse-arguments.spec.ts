import { parseArguments } from './parse-arguments.js';

const names = { transport: ['angarium', 'bullmq'], broker: ['publish', 'bullmq'], startup: [], queues: [] };

describe('the arguments of npm run bench', () => {
  it('take a bench and its options', () => {
    expect(parseArguments(['transport', '--quick', '--only', 'angarium,bullmq', '--profile', 'p'], names)).toEqual({
      ...{ bench: 'transport', isQuick: true, only: ['angarium', 'bullmq'], profileDir: 'p', isHelp: false },
    });
    expect(parseArguments(['broker', '--only', 'publish'], names)).toMatchObject({ bench: 'broker', only: ['publish'] });
    expect(parseArguments([], names)).toMatchObject({ bench: undefined, isQuick: false, only: undefined });
  });

  it.each([
    [['transprt'], 'There is no bench "transprt"; there are: transport, broker, queues, startup.'],
    [['transport', '--only', 'kafka'], 'There is no "kafka" to choose; there are: angarium, bullmq.'],
    [['broker', '--only', 'publish,angarium'], 'There is no "angarium" to choose; there are: publish, bullmq.'],
    [['startup', '--only', 'gateway'], 'There is no "gateway" to choose; there are: none.'],
    [['transport', 'startup'], '"startup" is one too many.'],
    [['transport', '--fast'], "Unknown option '--fast'"],
  ])('refuse %j and say what there is', (argv, message) => {
    expect(() => parseArguments(argv, names)).toThrow(message);
  });
});
