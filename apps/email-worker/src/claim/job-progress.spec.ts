import { jest } from '@jest/globals';
import { silentLogger } from '@angarium/observability';
import { JobProgress } from './job-progress.js';

describe('the progress of a job', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  function follow() {
    const told: number[] = [];
    const tell = (percent: number) => {
      told.push(percent);
      return percent === 80 ? Promise.reject(new Error('Redis is away')) : Promise.resolve();
    };
    return { told, progress: new JobProgress(tell, silentLogger) };
  }

  it('is not told when the job is quick: that it has ended is seen without it', () => {
    const { told, progress } = follow();
    [10, 30, 80, 100].forEach((percent) => progress.reached(percent));
    jest.runAllTimers();
    expect(told).toEqual([]);
  });

  it('is told step by step when a step takes its time, and a Redis that is away holds nothing up', () => {
    const { told, progress } = follow();
    for (const percent of [10, 30, 80]) {
      progress.reached(percent);
      jest.advanceTimersByTime(150);
    }
    progress.reached(100);
    expect(told).toEqual([10, 30, 80, 100]);
  });

  it('is not told any more when the job has failed', () => {
    const { told, progress } = follow();
    progress.reached(30);
    progress.stop();
    jest.runAllTimers();
    expect(told).toEqual([]);
  });
});
