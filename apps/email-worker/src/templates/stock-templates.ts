import { createHash } from 'node:crypto';
import { SYSTEM_TENANT } from '@angarium/contracts';
import { ignoreError } from '@angarium/errors';
import type { Logger } from '@angarium/observability';
import type { OnApplicationBootstrap } from '@nestjs/common';
import { EmailErrors } from '../errors.js';
import { compileTemplates } from './compile-templates.js';
import type { ShippedTemplate } from './seeds/shipped-template.js';
import type { TemplateRepository } from './template.repository.js';

export interface StockParts {
  readonly shipped: readonly ShippedTemplate[];
  readonly repository: Pick<TemplateRepository, 'find' | 'findVersion' | 'save'>;
  readonly logger: Logger;
}

interface Outdated {
  readonly template: ShippedTemplate;
  readonly digest: string;
  readonly revision: number | undefined;
}

/**
 * Brings the shipped templates into the database: those that are missing, and those whose source changed since, unless a person has
 * changed them. Mails wait for it, because a template that is not there yet would be a mail that fails for good. Postgres may be away
 * at start: whoever needs a template then tries again.
 */
export class StockTemplates implements OnApplicationBootstrap {
  private done: Promise<void> | undefined;

  constructor(private readonly parts: StockParts) {}

  onApplicationBootstrap(): void {
    void this.ensure().catch(ignoreError(this.parts.logger, 'stock-templates', 'the first mail that needs a template tries again'));
  }

  /** Idempotent, also from several replicas at once; after the first time it costs nothing. @throws DATABASE_UNAVAILABLE, DATABASE_BUSY */
  ensure(): Promise<void> {
    if (this.done === undefined) {
      this.done = this.stock();
      this.done.catch(() => (this.done = undefined));
    }
    return this.done;
  }

  private async stock(): Promise<void> {
    const { shipped, repository, logger } = this.parts;
    const outdated = (await Promise.all(shipped.map((it) => this.lookAt(it)))).filter((it) => it !== undefined);
    const compiled = await compileTemplates(outdated.map(({ template }) => template.settings), logger);
    for (const [index, { template, digest, revision }] of outdated.entries()) {
      const content = compiled[index];
      if (content === undefined) continue;
      const version = { description: template.settings.description, content, shippedDigest: digest };
      // another replica stocks at the same time: then it is there
      await repository.save(SYSTEM_TENANT, template.key, version, revision).catch((error: unknown) => {
        if (!EmailErrors.EMAIL_TEMPLATE_REVISION_CONFLICT.is(error) && !EmailErrors.EMAIL_TEMPLATE_REVISION_REQUIRED.is(error)) throw error;
      });
    }
    if (outdated.length > 0) logger.info({ templates: outdated.map(({ template }) => template.key) }, 'shipped mail templates stored');
  }

  /** @returns undefined when there is nothing to do. */
  private async lookAt(template: ShippedTemplate): Promise<Outdated | undefined> {
    const { repository } = this.parts;
    const digest = createHash('sha256').update(JSON.stringify(template.settings)).digest('hex');
    const stored = await repository.find(SYSTEM_TENANT, template.key);
    if (stored === undefined) return { template, digest, revision: undefined };
    const current = await repository.findVersion(stored.id, stored.currentVersion);
    const isOurs = current?.shippedDigest !== null && current?.shippedDigest !== digest;
    return isOurs ? { template, digest, revision: stored.revision } : undefined;
  }
}
