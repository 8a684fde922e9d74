import { databaseOf, withDatabase, withSessionSettings } from './connection-string.js';

describe('connection strings', () => {
  it('name another database and keep the rest', () => {
    const other = withDatabase('postgresql://ada:p%40ss@[::1]:5433/soup?sslmode=require', 'hot & cold');
    expect(other).toBe('postgresql://ada:p%40ss@[::1]:5433/hot%20&%20cold?sslmode=require');
    expect(databaseOf(other)).toBe('hot & cold');
  });

  it('get session settings added to those that they have', () => {
    const url = withSessionSettings('postgresql://h/soup?options=-c%20geqo%3Doff', { TimeZone: 'UTC', search_path: 'a b' });
    expect(new URL(url).searchParams.get('options')).toBe('-c geqo=off -c TimeZone=UTC -c search_path=a\\ b');
  });
});
