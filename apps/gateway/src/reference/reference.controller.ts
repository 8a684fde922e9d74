import type { AnswerOf } from '@angarium/contracts';
import { GetGatewayOpenApi } from '@angarium/contracts/gateway-api';
import { Route } from '@angarium/service-shell';
import { Controller } from '@nestjs/common';
import { openApiDocument } from './open-api-document.js';

/** Serves the description of the API; open, because it holds nothing of any tenant. */
@Controller()
export class ReferenceController {
  private document: AnswerOf<typeof GetGatewayOpenApi> | undefined;

  @Route(GetGatewayOpenApi)
  show(): AnswerOf<typeof GetGatewayOpenApi> {
    return (this.document ??= openApiDocument() as AnswerOf<typeof GetGatewayOpenApi>);
  }
}
