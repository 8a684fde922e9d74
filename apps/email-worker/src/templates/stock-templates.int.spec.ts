import { SYSTEM_TENANT } from '@angarium/contracts';
import { createDatabase, type Database } from '@angarium/database';
import { silentLogger } from '@angarium/observability';
import { createTestDatabase, startPostgres, stopAfterTests } from '@angarium/testing';
import { compileTemplate } from './compile-templates.js';
import type { ShippedTemplate } from './seeds/shipped-template.js';
import { StockTemplates } from './stock-templates.js';
import { TemplateRepository } from './template.repository.js';

let replicas: Database<'email'>[];
beforeAll(async () => {
  const { url } = await createTestDatabase(await startPostgres());
  replicas = [1, 2].map(() => createDatabase('email', { url, logger: silentLogger }));
});
afterAll(() => Promise.all(replicas.map((it) => it.$disconnect())));
stopAfterTests();

const shipped = (key: string, subject: string): ShippedTemplate => ({
  key,
  settings: { description: null, defaultLocale: 'en', variables: null, locales: { en: { subject, mjml: `<mjml><mj-body><mj-section><mj-column><mj-text>${subject}</mj-text></mj-column></mj-section></mj-body></mjml>` } } },
});
const stock = (replica: number, ...templates: ShippedTemplate[]) => {
  const repository = new TemplateRepository(replicas[replica]!);
  return { repository, run: () => new StockTemplates({ shipped: templates, repository, logger: silentLogger }).ensure() };
};
async function current(key: string) {
  const repository = new TemplateRepository(replicas[0]!);
  const template = await repository.find('acme', key);
  return { version: template?.currentVersion, subject: (await repository.findVersion(template!.id, template!.currentVersion))?.contents['en']?.subject };
}

describe('shipped templates', () => {
  it('are stored once, though two replicas start at once', async () => {
    const template = shipped('two', 'Hello');
    await Promise.all([stock(0, template).run(), stock(1, template).run()]);
    await stock(0, template).run();
    expect(await current('two')).toEqual({ version: 1, subject: 'Hello' });
  });

  it('follow a new release, unless a person has changed them', async () => {
    await stock(0, shipped('kept', 'Hello'), shipped('followed', 'Hello')).run();
    const { repository } = stock(0);
    const mine = await compileTemplate(shipped('kept', 'Mine').settings, silentLogger);
    await repository.save(SYSTEM_TENANT, 'kept', { description: null, content: mine }, 1);
    await stock(1, shipped('kept', 'New'), shipped('followed', 'New')).run();
    expect([await current('kept'), await current('followed')]).toEqual([
      { version: 2, subject: 'Mine' },
      { version: 2, subject: 'New' },
    ]);
  });

  it('are tried again after an outage', async () => {
    const repository = new TemplateRepository(replicas[0]!);
    let isAway = true;
    const find: TemplateRepository['find'] = (tenant, key) => (isAway ? Promise.reject(new Error('away')) : repository.find(tenant, key));
    const it = new StockTemplates({ shipped: [shipped('later', 'Hello')], logger: silentLogger, repository: { find, findVersion: (...args) => repository.findVersion(...args), save: (...args) => repository.save(...args) } });
    await expect(it.ensure()).rejects.toThrow('away');
    isAway = false;
    await it.ensure();
    expect(await current('later')).toEqual({ version: 1, subject: 'Hello' });
  });
});
