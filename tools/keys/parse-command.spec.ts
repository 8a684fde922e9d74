import { parseCommand, WrongUsage } from './parse-command.js';

const words = (line: string) => line.split(' ').filter((it) => it !== '');
const id = '0190a6f0-7c1e-7b3a-9d52-3a5f6f1c2d4e';

describe('the command line of npm run keys', () => {
  it.each([
    ['create --tenant dev --name my-app --scopes consume,publish', { kind: 'create', tenant: 'dev', name: 'my-app', scopes: ['publish', 'consume'], expiresInMs: undefined }],
    ['create --tenant dev --name ada@home --scopes admin --expires-in-days 2', { kind: 'create', tenant: 'dev', name: 'ada@home', scopes: ['admin'], expiresInMs: 172_800_000 }],
    ['list', { kind: 'list', tenant: undefined }],
    ['list --tenant dev', { kind: 'list', tenant: 'dev' }],
    [`revoke ${id}`, { kind: 'revoke', id }],
    ['service-token --service user-service --may user-events,audit-logs', { kind: 'service-token', service: 'user-service', permissions: ['user-events', 'audit-logs'], expiresInMs: undefined }],
    ['create --tenant system --name ops-ada --scopes admin', { kind: 'create', tenant: 'system', name: 'ops-ada', scopes: ['admin'], expiresInMs: undefined }],
    ['service-token --service email-worker --may files.read', { kind: 'service-token', service: 'email-worker', permissions: ['files.read'], expiresInMs: undefined }],
    ['service-token --service dev --may *', { kind: 'service-token', service: 'dev', permissions: ['*'], expiresInMs: undefined }],
    ['service-tokens', { kind: 'service-tokens', service: undefined }],
    [`revoke-service-token ${id}`, { kind: 'revoke-service-token', id }],
    ['--help', { kind: 'help' }],
    ['create --help', { kind: 'help' }],
  ])('%s', (line, command) => {
    expect(parseCommand(words(line))).toEqual(command);
  });

  it.each([
    ['', 'Say what to do'],
    ['soup', 'no command soup'],
    ['toString', 'no command toString'],
    ['create --name a --scopes admin', '--tenant is missing'],
    ['create --tenant dev --scopes admin', '--name is missing'],
    ['create --tenant dev --name a', '--scopes is missing'],
    ['create --tenant dev --name a --scopes admin,soup', 'no scope "soup"; there are publish, consume, admin'],
    ['create --tenant system --name a --scopes admin,publish', 'may have the scopes admin and consume, not publish'],
    ['create --tenant a/b --name a --scopes admin', '--tenant "a/b"'],
    [`create --tenant dev --name ${'x'.repeat(101)} --scopes admin`, 'at most 100'],
    ['create --tenant dev --name a --scopes admin --expires-in-days 0', 'from 1 to 3650'],
    ['create --tenant dev --name a --scopes admin --expires-in-days soon', 'from 1 to 3650'],
    ['create --tenant dev --name a --scopes admin extra', 'does not take "extra"'],
    ['create --tenant dev --name a --scopes admin --may x', '--may'],
    ['service-token --service a --may user-events,', '"" is no permission'],
    ['service-token --service a --may files.', '"files." is no permission'],
    ['service-token --may x', '--service is missing'],
    ['revoke', 'needs one id'],
    ['revoke soup', 'needs one id'],
    [`revoke ${id} ${id}`, 'needs one id'],
  ])('%j is wrong, and it is said why', (line, why) => {
    expect(() => parseCommand(words(line))).toThrow(WrongUsage);
    expect(() => parseCommand(words(line))).toThrow(why);
  });
});
