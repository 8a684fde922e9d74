import {
  GetEmailTemplate,
  ListEmailTemplates,
  ListEmailTemplateVersions,
  PreviewEmailTemplate,
  RemoveEmailTemplate,
  RollBackEmailTemplate,
  SaveEmailTemplate,
  type AnswerOf,
} from '@angarium/contracts';
import { DeleteTemplate, GetTemplate, ListTemplates, ListTemplateVersions, PreviewTemplate, RollBackTemplate, SaveTemplate } from '@angarium/contracts/gateway-api';
import { Route, type RouteCall } from '@angarium/service-shell';
import { MessageBus } from '@angarium/transport';
import { Controller } from '@nestjs/common';
import { readRevision, revisionTag } from './read-revision.js';

/** The routes of mail templates. The email worker keeps them and answers; the tenant of the caller goes along in the context. */
@Controller()
export class TemplatesController {
  constructor(private readonly bus: MessageBus) {}

  @Route(ListTemplates)
  list({ query }: RouteCall<typeof ListTemplates>): Promise<AnswerOf<typeof ListTemplates>> {
    return this.bus.send(ListEmailTemplates, query);
  }

  @Route(GetTemplate)
  async get(call: RouteCall<typeof GetTemplate>): Promise<AnswerOf<typeof GetTemplate>> {
    return tagged(call, await this.bus.send(GetEmailTemplate, { key: call.params.name, version: call.query.version }));
  }

  @Route(SaveTemplate)
  async save(call: RouteCall<typeof SaveTemplate>): Promise<AnswerOf<typeof SaveTemplate>> {
    return tagged(call, await this.bus.send(SaveEmailTemplate, { key: call.params.name, settings: call.body, revision: readRevision(call.headers['if-match']) }));
  }

  @Route(DeleteTemplate)
  delete({ params, headers }: RouteCall<typeof DeleteTemplate>): Promise<AnswerOf<typeof DeleteTemplate>> {
    return this.bus.send(RemoveEmailTemplate, { key: params.name, revision: readRevision(headers['if-match']) });
  }

  @Route(ListTemplateVersions)
  versions({ params }: RouteCall<typeof ListTemplateVersions>): Promise<AnswerOf<typeof ListTemplateVersions>> {
    return this.bus.send(ListEmailTemplateVersions, { key: params.name });
  }

  @Route(RollBackTemplate)
  async rollBack(call: RouteCall<typeof RollBackTemplate>): Promise<AnswerOf<typeof RollBackTemplate>> {
    return tagged(call, await this.bus.send(RollBackEmailTemplate, { key: call.params.name, version: call.body.version, revision: readRevision(call.headers['if-match']) }));
  }

  @Route(PreviewTemplate)
  preview({ params, body }: RouteCall<typeof PreviewTemplate>): Promise<AnswerOf<typeof PreviewTemplate>> {
    return this.bus.send(PreviewEmailTemplate, { key: params.name, ...body });
  }
}

/** The revision is also the ETag. */
function tagged<T extends { readonly revision: number }>(call: { setHeader(name: string, value: string): void }, template: T): T {
  call.setHeader('etag', revisionTag(template.revision));
  return template;
}
