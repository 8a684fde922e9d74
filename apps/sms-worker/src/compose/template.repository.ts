import type { SmsTemplateSettings, SmsTemplateView } from '@angarium/contracts';
import { InjectDatabase, type Database } from '@angarium/database';
import { Injectable } from '@nestjs/common';
import { systemTemplates } from './sms-template.js';

interface Row {
  readonly key: string;
  readonly variables: string[];
  readonly text: string | null;
  readonly providers: SmsTemplateView['providers'];
  readonly version: number;
}

/** Logical templates of tenants; behind them the defaults of the system. */
@Injectable()
export class TemplateRepository {
  constructor(@InjectDatabase() private readonly db: Database<'sms'>) {}

  /** @returns undefined where neither the tenant nor the system has one. @throws DATABASE_UNAVAILABLE, DATABASE_BUSY */
  async find(tenant: string, key: string): Promise<SmsTemplateView | undefined> {
    const [row] = await this.db.$queryRaw<Row[]>`
      SELECT key, variables, text, providers, version FROM "sms"."sms_templates" WHERE tenant = ${tenant} AND key = ${key}`;
    if (row !== undefined) return viewOf(row);
    const standard = systemTemplates.get(key);
    return standard === undefined ? undefined : { ...standard, version: 0 };
  }

  /** Makes or replaces it. @throws DATABASE_UNAVAILABLE, DATABASE_BUSY */
  async put(tenant: string, key: string, { variables, text, providers }: SmsTemplateSettings): Promise<SmsTemplateView> {
    const [row] = await this.db.$queryRaw<[Row]>`
      INSERT INTO "sms"."sms_templates" AS kept (tenant, key, variables, text, providers)
      VALUES (${tenant}, ${key}, ${variables}::text[], ${text ?? null}, ${JSON.stringify(providers)}::jsonb)
      ON CONFLICT (tenant, key) DO UPDATE
        SET variables = excluded.variables, text = excluded.text, providers = excluded.providers, version = kept.version + 1, updated_at = now()
      RETURNING key, variables, text, providers, version`;
    return viewOf(row);
  }

  /** @returns whether there was one. @throws DATABASE_UNAVAILABLE, DATABASE_BUSY */
  async remove(tenant: string, key: string): Promise<boolean> {
    return (await this.db.$executeRaw`DELETE FROM "sms"."sms_templates" WHERE tenant = ${tenant} AND key = ${key}`) > 0;
  }
}

function viewOf({ text, ...row }: Row): SmsTemplateView {
  return { ...row, ...(text === null ? {} : { text }) };
}
