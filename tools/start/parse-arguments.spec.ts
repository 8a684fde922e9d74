import { Advice } from './advice.js';
import { parseArguments, usage } from './parse-arguments.js';
import { services } from './services.js';

const parse = (...argv: string[]) => parseArguments(argv, services);

describe('the command line of npm start', () => {
  it('runs every service once when it is empty', () => {
    expect(parse()).toEqual({ help: false, scale: new Map(), only: undefined, data: undefined });
  });

  it('takes --scale with or without an equals sign, several times, and separated by commas', () => {
    const { scale } = parse('--scale', 'email-worker=3', '--scale=task-worker=2', '--scale', 'gateway=0,sms-worker=4');
    expect(Object.fromEntries(scale)).toEqual({ 'email-worker': 3, 'task-worker': 2, gateway: 0, 'sms-worker': 4 });
  });

  it('takes --only as a list, and a folder', () => {
    expect(parse('--only', 'gateway, task-worker', '--data', '/tmp/x')).toMatchObject({ only: ['gateway', 'task-worker'], data: '/tmp/x' });
  });

  it.each([
    [['--scale', 'mail-worker=3'], /no service "mail-worker".*there are: gateway, mq-broker/],
    [['--only', 'gatway'], /no service "gatway" \(in --only\)/],
    [['--scale', 'email-worker'], /--scale email-worker: expected <service>=<0 to 32>/],
    [['--scale', 'email-worker=33'], /expected <service>=<0 to 32>/],
    [['--scale', 'email-worker=-1'], /expected <service>=<0 to 32>/],
    [['--port', '3'], /Unknown option '--port'/],
    [['email-worker=3'], /"email-worker=3" is not an option/],
  ])('refuses %j with a message that says what would do', (argv, message) => {
    const attempt = () => parse(...argv);
    expect(attempt).toThrow(message);
    expect(attempt).toThrow(/npm start -- --help/);
    expect(attempt).toThrow(expect.objectContaining({ exitCode: 2 }) as Advice);
  });

  it('tells who forgot the -- that npm wants before options', () => {
    expect(() => parseArguments(['email-worker=3'], services, { npm_config_scale: 'true' })).toThrow(/npm start -- --scale/);
  });

  it('lists in its help every service with the variable and default of its port', () => {
    for (const { name, portVariable, defaultPort } of services) expect(usage(services)).toMatch(new RegExp(`${name} +${portVariable}=${defaultPort}`));
  });
});
