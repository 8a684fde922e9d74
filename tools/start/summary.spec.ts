import { plain } from './paint.js';
import { summary, type SummaryContent } from './summary.js';

const content: SummaryContent = {
  services: [
    { name: 'gateway', url: 'http://127.0.0.1:3000', pid: 11, note: 'the HTTP API' },
    { name: 'email-worker', url: 'http://127.0.0.1:3031', pid: 12 },
    { name: 'inbox', url: 'http://127.0.0.1:1080' },
  ],
  servers: [
    { name: 'PostgreSQL', url: 'postgresql://ada:s3cret@db.example.com/x', note: 'yours' },
    { name: 'Redis', url: 'redis://127.0.0.1:6380', pid: 13 },
  ],
  tookMs: 6_543,
  gatewayUrl: 'http://127.0.0.1:3000',
  gatewayToken: 'tok',
  brokerUrl: 'http://127.0.0.1:3010',
  credentials: { tenant: 'dev', apiKey: 'ang_key', service: 'dev-service', serviceToken: 'angs_token' },
  inboxUrl: 'http://127.0.0.1:1080',
  sandboxUrl: 'http://127.0.0.1:3032/sandbox',
  victim: { name: 'email-worker', pid: 12 },
  dataDir: '.data',
};

describe('what stands on the screen when all is up', () => {
  const text = summary(content, plain);

  it('names every address and process, and how long the start took', () => {
    expect(text).toContain('Angarium is up after 6.5 s');
    expect(text).toMatch(/gateway +http:\/\/127\.0\.0\.1:3000 +process 11 +the HTTP API/);
    expect(text).toMatch(/Redis +redis:\/\/127\.0\.0\.1:6380 +process 13/);
  });

  it('can be pasted: register, read the profile, read the audit trail, kill a worker', () => {
    expect(text).toContain(`curl -i http://127.0.0.1:3000/register -H 'content-type: application/json' -d '{"email":"ada@example.com",`);
    expect(text).toContain(`curl -H 'authorization: Bearer tok' 'http://127.0.0.1:3000/users/USER_ID'`);
    expect(text).toContain(`curl -H 'authorization: Bearer tok' 'http://127.0.0.1:3000/audit?subject=USER_ID'`);
    expect(text).toMatch(/^ +kill -9 12$/m);
  });

  it('has the credentials of the development tenant, and what to do with them', () => {
    expect(text).toMatch(/API key +ang_key +tenant dev: publish, consume, admin/);
    expect(text).toMatch(/service token +angs_token +dev-service/);
    expect(text).toMatch(/^ +gateway token +tok +operator/m);
    expect(text).toContain(`curl -H 'authorization: Bearer ang_key' -H 'content-type: application/json' http://127.0.0.1:3010/api/v1/mq/queues -d '{"name":"orders"}'`);
  });

  it('has the two calls of a verification, and where the code between them is read', () => {
    const post = `curl -H 'authorization: Bearer tok' -H 'content-type: application/json' http://127.0.0.1:3000/verifications`;
    expect(text).toContain('CODE is in the SMS, at http://127.0.0.1:3032/sandbox\n');
    expect(text).toContain(`${post} -d '{"phone":"13800138000","purpose":"login"}'\n`);
    expect(text).toContain(`${post}/check -d '{"phone":"13800138000","purpose":"login","code":"CODE"}'\n`);
    expect(summary({ ...content, sandboxUrl: undefined }, plain)).not.toContain('/verifications');
  });

  it('says where the queues are seen, and with which password', () => {
    expect(text).toContain('http://127.0.0.1:3000/admin/queues: any name, and as password tok');
  });

  it('says where the mail is and how to stop', () => {
    expect(text).toMatch(/mail she got: http:\/\/127\.0\.0\.1:1080/);
    expect(text).toMatch(/Ctrl-C stops everything/);
  });

  it('hides the password of a server of the user', () => {
    expect(text).toContain('postgresql://ada:***@db.example.com/x');
    expect(text).not.toContain('s3cret');
  });

  it('offers nothing that does not run', () => {
    const little = summary({ ...content, gatewayUrl: undefined, brokerUrl: undefined, credentials: undefined, inboxUrl: undefined, sandboxUrl: undefined, victim: undefined }, plain);
    expect(little).not.toContain('curl');
    expect(little).not.toContain('Try it');
    expect(little).not.toContain('API key');
    expect(little).not.toContain('gateway token');
  });
});
