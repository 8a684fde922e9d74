import { parseArguments } from './parse-arguments.js';
import { services } from './services.js';
import { readSettings } from './settings.js';

const read = (argv: string[], env: Record<string, string> = {}) => readSettings(parseArguments(argv, services), services, env, '/home/ada/angarium');

describe('the settings of npm start', () => {
  it('are, when nothing is said, one process of each service and three servers of our own', () => {
    const { replicas, wanted, dataDir, given } = read([]);
    expect(replicas.map((it) => it.name)).toEqual(services.map((it) => it.name));
    expect(wanted.map((it) => it.variable)).toEqual([...services.map((it) => it.portVariable), 'POSTGRES_PORT', 'REDIS_PORT', 'INBOX_SMTP_PORT', 'INBOX_HTTP_PORT']);
    expect(dataDir).toBe('/home/ada/angarium/.data');
    expect(given).toEqual({ databaseUrl: undefined, redisUrl: undefined, smtpUrl: undefined });
  });

  it('give the first replica the known port and the others free ones', () => {
    const { replicas } = read(['--scale', 'email-worker=3', '--only', 'email-worker,gateway'], { GATEWAY_PORT: '4000' });
    expect(replicas.map(({ name, port }) => [name, port])).toEqual([['gateway', 4000], ['email-worker.1', 3031], ['email-worker.2', 0], ['email-worker.3', 0]]);
  });

  it('want no port for a server that the user has', () => {
    const { wanted, given } = read(['--only', 'gateway'], { DATABASE_URL: 'postgresql://db/x', REDIS_URL: 'redis://r', SMTP_URL: 'smtp://m' });
    expect(wanted.map((it) => it.variable)).toEqual(['GATEWAY_PORT']);
    expect(given).toEqual({ databaseUrl: 'postgresql://db/x', redisUrl: 'redis://r', smtpUrl: 'smtp://m' });
  });

  it('take an empty variable for one that is not set', () => {
    expect(read([], { REDIS_URL: '', GATEWAY_PORT: '', ANGARIUM_DATA: '' })).toEqual(read([]));
  });

  it('keep the data where --data says, else where ANGARIUM_DATA says', () => {
    expect(read(['--data', 'x'], { ANGARIUM_DATA: '/y' }).dataDir).toBe('/home/ada/angarium/x');
    expect(read([], { ANGARIUM_DATA: '/y' }).dataDir).toBe('/y');
  });

  it('want no particular port where 0 asks for a free one', () => {
    expect(read([], { GATEWAY_PORT: '0' }).wanted.map((it) => it.variable)).not.toContain('GATEWAY_PORT');
  });

  it.each([
    [{ GATEWAY_PORT: 'eighty' }, /GATEWAY_PORT is "eighty"; expected a port/],
    [{ REDIS_PORT: '65536' }, /REDIS_PORT is "65536"/],
    [{ GATEWAY_PORT: '3031' }, /gateway and email-worker both want port 3031. Change GATEWAY_PORT or EMAIL_WORKER_PORT/],
  ])('refuse %j, naming the variable', (env, message) => {
    expect(() => read([], env)).toThrow(message);
  });

  it('refuse to run nothing at all', () => {
    expect(() => read(['--only', 'gateway', '--scale', 'gateway=0'])).toThrow(/Nothing is left to run/);
  });
});
