import { parseArguments } from './parse-arguments.js';

describe('the arguments of npm run chaos', () => {
  it('have defaults, and a seed by chance where none is given', () => {
    expect(parseArguments([], () => 0.5)).toEqual({ seed: 2 ** 31, minutes: 3, replicaCount: 2, fsync: 'always', isHelp: false });
  });

  it('are taken as they are given', () => {
    const given = ['--seed', '7', '--minutes', '0.5', '--replicas', '3', '--fsync', 'everysec'];
    expect(parseArguments(given)).toEqual({ seed: 7, minutes: 0.5, replicaCount: 3, fsync: 'everysec', isHelp: false });
    expect(parseArguments(['--', ...given])).toEqual(parseArguments(given));
  });

  it.each([
    [['--seed', 'abc'], '--seed is a whole number from 0 to 4294967295, not "abc".'],
    [['--seed', '1.5'], '--seed is a whole number'],
    [['--minutes', '0'], '--minutes is a number from 0.1 to 1440, not "0".'],
    [['--minutes', ''], '--minutes is a number'],
    [['--replicas', '9'], '--replicas is a whole number from 1 to 5, not "9".'],
    [['--fsync', 'no'], '--fsync is always or everysec, not "no".'],
  ])('%j are refused with what would do', (argv, message) => {
    expect(() => parseArguments(argv)).toThrow(message);
  });
});
