import { MemoryWatch } from './memory-watch.js';

describe('the watch on memory', () => {
  it('keeps the largest value of each part, also of one that comes again', () => {
    let bytes = 5;
    const watch = new MemoryWatch(() => bytes);
    watch.enter('publish');
    for (bytes of [10, 30, 20]) watch.lookOnce();
    watch.enter('pull');
    bytes = 25;
    watch.enter('publish');
    bytes = 40;
    expect([...watch.stop()]).toEqual([
      ['start', 5],
      ['publish', 40],
      ['pull', 25],
    ]);
  });

  it('leaves out what is not known', () => {
    const watch = new MemoryWatch(() => Number.NaN);
    expect([...watch.stop()]).toEqual([]);
  });
});
