import { readdirSync, readFileSync } from 'node:fs';
import type { Database } from './database.js';
import { Prisma } from './generated/prisma/client.js';
import { modelsOf } from './owners.js';

const folder = new URL('../../../prisma/schema/', import.meta.url);
/** As the schema files say: `accounts.prisma`, `User`, `accounts`. */
const declared = readdirSync(folder)
  .filter((file) => file.endsWith('.prisma'))
  .flatMap((file) => {
    const text = readFileSync(new URL(file, folder), 'utf8');
    return [...text.matchAll(/^(?:model|enum) (\w+) \{(.*?)^\}/gms)].map(([whole, name, body]) => ({
      ...{ file, name: name!, isModel: whole.startsWith('model') },
      schema: /@@schema\("(\w+)"\)/.exec(body!)?.[1],
    }));
  });
const uncapitalized = (name: string) => name[0]!.toLowerCase() + name.slice(1);

describe('ownership of tables', () => {
  it('every model and enum lies in the file and the Postgres schema of its one owner', () => {
    expect(declared.length).toBeGreaterThan(10);
    for (const { file, name, schema } of declared) expect({ name, owner: file.split(/[.-]/)[0] }).toEqual({ name, owner: schema });
  });

  it('every model is listed under exactly one owner, that of its schema', () => {
    const listed = Object.entries(modelsOf).flatMap(([owner, models]) => models.map((model) => `${owner}.${model}`));
    const models = declared.filter(({ isModel }) => isModel).map(({ name, schema }) => `${schema}.${uncapitalized(name)}`);
    expect(listed.sort()).toEqual(models.sort());
    expect(models).toHaveLength(Object.keys(Prisma.ModelName).length);
  });

  it('a service sees no table of another one, and its outbox only through the outbox functions', () => {
    const look = (db: Database<'accounts'>): unknown[] => [
      db.user,
      // @ts-expect-error the email worker's
      db.emailDelivery,
      // @ts-expect-error left to addToOutbox and OutboxRelay
      db.accountsOutboxEvent,
    ];
    expect(look).toBeInstanceOf(Function);
  });
});
