import { generateKeyPairSync } from 'node:crypto';
import { loadConfig } from '@angarium/config';
import { emailWorkerConfig } from './config.js';

const load = (env: Record<string, string>) => loadConfig(emailWorkerConfig, env);

describe('the configuration of the email worker', () => {
  it('works without any variable', () => {
    expect(load({})).toMatchObject({ EMAIL_WORKER_PORT: 3031, EMAIL_WORKER_CONCURRENCY: 20, EMAIL_RATE_PER_SECOND: 100, SMTP_URL: 'smtp://127.0.0.1:1025' });
  });

  it.each([
    ['EMAIL_FROM', { EMAIL_FROM: 'Angarium' }],
    ['EMAIL_FROM', { EMAIL_FROM: 'a@b.co, c@d.co' }],
    ['SMTP_URL', { SMTP_URL: 'smtp://user:pa%ss@host' }],
    ['SMTP_TIMEOUT_MS', { SMTP_TIMEOUT_MS: '60000' }],
    ['EMAIL_DKIM_SELECTOR', { EMAIL_DKIM_DOMAIN: 'angarium.test' }],
    ['EMAIL_DKIM_PRIVATE_KEY', { EMAIL_DKIM_DOMAIN: 'a.test', EMAIL_DKIM_SELECTOR: 's', EMAIL_DKIM_PRIVATE_KEY: 'no key' }],
    ['EMAIL_DKIM_PRIVATE_KEY', { EMAIL_DKIM_DOMAIN: 'a.test', EMAIL_DKIM_SELECTOR: 's', EMAIL_DKIM_PRIVATE_KEY: key('ed25519') }],
  ])('refuses a wrong %s at start', (name, env) => {
    expect(() => load(env)).toThrow(name);
  });

  it('takes a DKIM key in one line', () => {
    const env = { EMAIL_DKIM_DOMAIN: 'a.test', EMAIL_DKIM_SELECTOR: 's', EMAIL_DKIM_PRIVATE_KEY: key('rsa').replaceAll('\n', '\\n') };
    expect(() => load(env)).not.toThrow();
  });
});

function key(kind: 'rsa' | 'ed25519'): string {
  const { privateKey } = kind === 'rsa' ? generateKeyPairSync('rsa', { modulusLength: 2048 }) : generateKeyPairSync('ed25519');
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}
