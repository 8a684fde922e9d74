import { z } from 'zod';
import { defineRoute } from '../route.js';

export const GetGatewayOpenApi = defineRoute({
  id: 'reference.open-api',
  method: 'GET',
  path: '/openapi.json',
  tag: 'Reference',
  summary: 'This API as an OpenAPI 3.1 document.',
  access: { kind: 'open', reason: 'It describes the API and holds nothing of any tenant.' },
  response: z.looseObject({ openapi: z.string(), info: z.looseObject({ title: z.string(), version: z.string() }), paths: z.record(z.string(), z.unknown()) }).meta({ id: 'OpenApiDocument' }),
});
