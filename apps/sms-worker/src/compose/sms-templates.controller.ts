import { DeleteSmsTemplate, GetSmsTemplate, PutSmsTemplate, SYSTEM_TENANT, type PayloadOf, type ResponseOf } from '@angarium/contracts';
import { currentContext } from '@angarium/observability';
import { OnRequest } from '@angarium/transport';
import { Controller } from '@nestjs/common';
import { SmsErrors } from '../errors.js';
import { checkTemplate } from './check-template.js';
import { TemplateRepository } from './template.repository.js';

/** Answers for the logical templates of the tenant that asks. */
@Controller()
export class SmsTemplatesController {
  constructor(private readonly templates: TemplateRepository) {}

  @OnRequest(GetSmsTemplate)
  async get({ key }: PayloadOf<typeof GetSmsTemplate>): Promise<ResponseOf<typeof GetSmsTemplate>> {
    const template = await this.templates.find(tenantOfCall(), key);
    if (template === undefined) throw notFound(key);
    return template;
  }

  /** @throws SMS_TEMPLATE_INVALID */
  @OnRequest(PutSmsTemplate)
  async put({ key, settings }: PayloadOf<typeof PutSmsTemplate>): Promise<ResponseOf<typeof PutSmsTemplate>> {
    checkTemplate(key, settings);
    return this.templates.put(tenantOfCall(), key, settings);
  }

  @OnRequest(DeleteSmsTemplate)
  async remove({ key }: PayloadOf<typeof DeleteSmsTemplate>): Promise<ResponseOf<typeof DeleteSmsTemplate>> {
    if (!(await this.templates.remove(tenantOfCall(), key))) throw notFound(key);
    return { key };
  }
}

/** The tenant whose request is being handled. */
function tenantOfCall(): string {
  return currentContext()?.tenant ?? SYSTEM_TENANT;
}

function notFound(key: string) {
  return SmsErrors.SMS_TEMPLATE_NOT_FOUND(`There is no SMS template ${key}. Make it with PUT /sms-templates/${key}.`);
}
