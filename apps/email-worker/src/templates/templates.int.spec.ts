import {
  GetEmailTemplate,
  ListEmailTemplates,
  ListEmailTemplateVersions,
  PreviewEmailTemplate,
  RemoveEmailTemplate,
  RollBackEmailTemplate,
  SaveEmailTemplate,
  type InputOf,
  type RequestContract,
  type ResponseOf,
} from '@angarium/contracts';
import { createDatabase, type Database } from '@angarium/database';
import { followContext, runInContext, silentLogger } from '@angarium/observability';
import { QueueService } from '@angarium/queues';
import { buildApps, createTestDatabase, startInbox, startPostgres, startRedis, startService, stopAfterTests, waitFor, type Inbox } from '@angarium/testing';
import { MessageBus } from '@angarium/transport';
import { uuidV7 } from '../claim/uuid-v7.js';

let inbox: Inbox;
let bus: MessageBus;
let queues: QueueService;
let database: Database<'email'>;

beforeAll(async () => {
  const [redis, postgres, mails, apps] = await Promise.all([startRedis(), startPostgres(), startInbox(), buildApps(['email-worker'])]);
  inbox = mails;
  const { url } = await createTestDatabase(postgres);
  const worker = await startService({ name: 'email-worker', main: apps['email-worker'], env: { REDIS_URL: redis.url, DATABASE_URL: url, SMTP_URL: inbox.smtpUrl } });
  bus = new MessageBus({ service: 'gateway', redisUrl: redis.url });
  queues = new QueueService({ redisUrl: redis.url });
  database = createDatabase('email', { url, logger: silentLogger });
  await worker.ready();
});
afterAll(async () => {
  await Promise.all([bus.close(), queues.close(), database.$disconnect()]);
  await inbox.stop();
});
stopAfterTests();

const as = <T>(tenant: string, work: () => Promise<T>) => runInContext(followContext({ tenant }), work);
const ask = <C extends RequestContract>(tenant: string, contract: C, payload: InputOf<C>): Promise<ResponseOf<C>> => as(tenant, () => bus.send(contract, payload));
const settings = (subject: string): InputOf<typeof SaveEmailTemplate>['settings'] => ({
  defaultLocale: 'en',
  variables: { type: 'object', properties: { name: { type: 'string' }, url: { type: 'string', format: 'uri' } }, required: ['name'] },
  locales: {
    en: {
      subject,
      mjml: '<mjml><mj-body><mj-section><mj-column><mj-text>Hello {{ name }}, {{ name | upcase }}</mj-text><mj-raw>{% if url %}</mj-raw><mj-button href="{{ url }}">Go</mj-button><mj-raw>{% endif %}</mj-raw></mj-column></mj-section></mj-body></mjml>',
    },
    'zh-CN': { subject: `${subject} 中文`, html: '<p>{{ name }}，您好</p>' },
  },
});

async function mailOf(tenant: string, order: Omit<Parameters<QueueService['sendEmail']>[0], 'to'>) {
  const address = `${uuidV7()}@example.com`;
  await as(tenant, () => queues.sendEmail({ to: [address], ...order }));
  return waitFor(async () => (await inbox.messages()).find(({ To }) => To[0]?.Address === address), { what: 'the mail' });
}

describe('mail templates', () => {
  it('are there from the start for everybody: welcome, verification, alert and digest, in English and Chinese', async () => {
    const { items } = await ask('acme', ListEmailTemplates, {});
    expect(items.map(({ key, isShared, locales, version }) => ({ key, isShared, locales, version }))).toEqual(
      ['alert', 'digest', 'verification', 'welcome'].map((key) => ({ key, isShared: true, locales: ['en', 'zh-CN'], version: 1 })),
    );
    const page = await ask('acme', ListEmailTemplates, { limit: 1, cursor: 'alert' });
    expect(page).toMatchObject({ items: [{ key: 'digest' }], nextCursor: 'digest' });
  });

  it('show in a preview, letter by letter, what is then sent', async () => {
    const hostile = `<b>"Ada" & 'Bob'</b>\r\nBcc: eve@example.com {{ name }}`;
    await ask('preview', SaveEmailTemplate, { key: 'hello', settings: settings('Hi {{ name }}') });
    for (const locale of ['en', 'zh-Hans', 'zh-CN']) {
      const template = { key: 'hello', variables: { name: hostile, url: 'https://example.com/?a=1&b=2' }, locale };
      const preview = await ask('preview', PreviewEmailTemplate, template);
      const mail = await mailOf('preview', { template });
      const plain = (text: string) => text.replace(/\r\n/g, '\n').trim();
      expect({ subject: mail.Subject, html: plain(mail.HTML), text: plain(mail.Text) }).toEqual({ subject: preview.subject, html: plain(preview.html ?? ''), text: plain(preview.text) });
      expect(preview.missingVariables).toEqual([]);
      expect([...mail.To, ...mail.Cc, ...mail.Bcc]).toHaveLength(1);
    }
  });

  it('list in a preview what is missing, and say so when a mail is ordered', async () => {
    const preview = await ask('acme', PreviewEmailTemplate, { key: 'welcome', variables: { user: 'ada' } });
    expect(preview).toMatchObject({ missingVariables: ['username'], version: 1, locale: 'en', warnings: [expect.stringContaining('user')] });
    const idempotencyKey = uuidV7();
    await as('acme', () => queues.sendEmail({ to: ['a@example.com'], template: { key: 'welcome', variables: {} } }, { idempotencyKey }));
    const failed = await waitFor(() => database.emailDelivery.findFirst({ where: { idempotencyKey, status: 'failed' } }), { what: 'the mail to fail' });
    expect(failed.lastError).toContain('template.variables.username');
  });

  it('are drafts until they are saved', async () => {
    const draft = await ask('acme', PreviewEmailTemplate, { key: 'new-one', variables: { name: 'ada' }, draft: settings('Draft {{ name }}') });
    expect(draft).toMatchObject({ subject: 'Draft ada', version: null });
    await expect(ask('acme', GetEmailTemplate, { key: 'new-one' })).rejects.toMatchObject({ code: 'EMAIL_TEMPLATE_UNKNOWN' });
  });

  it('of a tenant take the place of those of the system, for this tenant alone, until they are removed', async () => {
    await ask('acme', SaveEmailTemplate, { key: 'welcome', settings: settings('Hello from Acme') });
    const order = { template: { key: 'welcome', variables: { name: 'ada', username: 'ada' } } };
    expect((await mailOf('acme', order)).Subject).toBe('Hello from Acme');
    expect((await mailOf('other', order)).Subject).toBe('Welcome to Angarium');
    expect(await ask('acme', RemoveEmailTemplate, { key: 'welcome' })).toEqual({ removedVersions: 1 });
    expect((await mailOf('acme', order)).Subject).toBe('Welcome to Angarium');
    await expect(ask('acme', RemoveEmailTemplate, { key: 'welcome' })).rejects.toMatchObject({ code: 'EMAIL_TEMPLATE_UNKNOWN' });
  });

  it('are changed by whoever has read the newest revision, and rolled back to any version', async () => {
    const key = 'versions';
    expect(await ask('acme', SaveEmailTemplate, { key, settings: settings('One') })).toMatchObject({ version: 1, revision: 1, isShared: false });
    await expect(ask('acme', SaveEmailTemplate, { key, settings: settings('Two') })).rejects.toMatchObject({ code: 'EMAIL_TEMPLATE_REVISION_REQUIRED', status: 428 });
    const both = await Promise.allSettled(['Two', 'Three'].map((subject) => ask('acme', SaveEmailTemplate, { key, settings: settings(subject), revision: 1 })));
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(both.find((it) => it.status === 'rejected')?.reason).toMatchObject({ code: 'EMAIL_TEMPLATE_REVISION_CONFLICT', status: 412 });

    const order = { template: { key, variables: { name: 'ada' } } };
    expect((await mailOf('acme', order)).Subject).not.toBe('One');
    const back = await ask('acme', RollBackEmailTemplate, { key, version: 1, revision: 2 });
    expect(back).toMatchObject({ version: 1, latestVersion: 2, revision: 3, contents: { en: { subject: 'One' } } });
    expect((await mailOf('acme', order)).Subject).toBe('One');
    const { items } = await ask('acme', ListEmailTemplateVersions, { key });
    expect(items.map(({ version, isCurrent }) => [version, isCurrent])).toEqual([[2, false], [1, true]]);
    expect(await ask('acme', GetEmailTemplate, { key, version: 2 })).toMatchObject({ version: 1, shownVersion: 2 });
    await expect(ask('acme', RollBackEmailTemplate, { key, version: 9 })).rejects.toMatchObject({ code: 'EMAIL_TEMPLATE_VERSION_UNKNOWN' });
    expect(await ask('acme', SaveEmailTemplate, { key, settings: settings('Four'), revision: 3 })).toMatchObject({ version: 3 });
  });

  it('are nobody else’s to read or change', async () => {
    await ask('acme', SaveEmailTemplate, { key: 'private', settings: settings('Secret') });
    await expect(ask('eve', GetEmailTemplate, { key: 'private' })).rejects.toMatchObject({ code: 'EMAIL_TEMPLATE_UNKNOWN' });
    await expect(ask('eve', PreviewEmailTemplate, { key: 'private', version: 1 })).rejects.toMatchObject({ code: 'EMAIL_TEMPLATE_UNKNOWN' });
    await expect(ask('eve', RollBackEmailTemplate, { key: 'alert', version: 1 })).rejects.toMatchObject({ code: 'EMAIL_TEMPLATE_UNKNOWN' });
    await expect(ask('eve', RemoveEmailTemplate, { key: 'alert' })).rejects.toMatchObject({ code: 'EMAIL_TEMPLATE_UNKNOWN' });
  });

  it('that do not exist fail a mail for good', async () => {
    const idempotencyKey = uuidV7();
    await queues.sendEmail({ to: ['a@example.com'], template: { key: 'no-such', variables: {} } }, { idempotencyKey });
    const failed = await waitFor(() => database.emailDelivery.findFirst({ where: { idempotencyKey, status: 'failed' } }), { what: 'the mail to fail' });
    expect(failed).toMatchObject({ attempts: 1, lastError: expect.stringContaining('no-such') as string });
  });
});
