import { countRequests } from './stop-signals.js';

function requests() {
  const log: string[] = [];
  let now = 0;
  const counted = countRequests({ first: (reason) => log.push(reason), again: () => log.push('again') }, () => now);
  return { ...counted, log, at: (ms: number) => (now = ms) };
}

describe('requests to stop', () => {
  it('count the two SIGINT of one Ctrl-C, from the terminal and from npm, as one', () => {
    const { ask, log, at } = requests();
    ask('Ctrl-C');
    at(700);
    ask('Ctrl-C');
    expect(log).toEqual(['Ctrl-C']);
  });

  it('are forceful the second time, and at each further one', () => {
    const { ask, log, at } = requests();
    for (const ms of [0, 10, 2_000, 2_010, 4_000]) {
      at(ms);
      ask('Ctrl-C');
    }
    expect(log).toEqual(['Ctrl-C', 'again', 'again']);
  });

  it('never become forceful by circumstance: npm that ends after Ctrl-C, a terminal that closes', () => {
    const { ask, suggest, log, at } = requests();
    ask('SIGTERM');
    at(5_000);
    suggest('npm is gone');
    expect(log).toEqual(['SIGTERM']);
  });

  it('may begin by circumstance, and Ctrl-C then hurries them', () => {
    const { ask, suggest, log, at } = requests();
    suggest('npm is gone');
    at(5_000);
    ask('Ctrl-C');
    expect(log).toEqual(['npm is gone', 'again']);
  });
});
