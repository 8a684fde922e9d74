import type { AnswerOf } from '@angarium/contracts';
import { Route } from '@angarium/service-shell';
import { Controller } from '@nestjs/common';
import { GetOpenApi } from '@angarium/contracts/broker-api';
import { openApiDocument } from './open-api-document.js';

/** Serves the description of the API; open, because it holds nothing of any tenant. */
@Controller()
export class ReferenceController {
  private document: AnswerOf<typeof GetOpenApi> | undefined;

  @Route(GetOpenApi)
  show(): AnswerOf<typeof GetOpenApi> {
    return (this.document ??= openApiDocument() as AnswerOf<typeof GetOpenApi>);
  }
}
