import { AuthErrors } from '@angarium/auth';
import { ContractErrors, EmailRequestErrors, ReceiptErrors, SmsRequestErrors } from '@angarium/contracts';
import { gatewayRoutes, gatewayTags } from '@angarium/contracts/gateway-api';
import { openApiOf } from '@angarium/contracts/open-api';
import { DatabaseErrors } from '@angarium/database';
import { SharedErrors, type ErrorCatalogue } from '@angarium/errors';
import { QueueErrors } from '@angarium/queues';
import { RedisErrors } from '@angarium/redis';
import { GatewayErrors } from '../errors.js';

const description = `The one HTTP entry from outside. Registration and users are described in the README; here are the routes that have contracts.

- **Credential**: \`authorization: Bearer …\` with an API key of your tenant (\`ang_…\`). Routes for operators take a key of the system's own tenant with the scope \`admin\`, or GATEWAY_TOKEN.
- **Errors**: every refusal is \`{ code, message, details?, retryAfter? }\`. Decide by \`code\`; where \`retryAfter\` (seconds) is there, the same call may pass later.
- **Following**: every answer carries \`x-correlation-id\`; send your own to find a call in logs and traces.`;

/** The routes of the gateway as served, and as written to docs/reference. */
export const routes = gatewayRoutes;

/** The OpenAPI document of the gateway. Takes some ten milliseconds: keep it. */
export function openApiDocument(): object {
  const errors = [GatewayErrors, QueueErrors, EmailRequestErrors, SmsRequestErrors, ReceiptErrors, ContractErrors, RedisErrors, SharedErrors, AuthErrors, DatabaseErrors].flatMap(definitionsOf);
  return openApiOf(gatewayRoutes, { title: 'Angarium gateway', version: '1.0.0', description, errors, tags: gatewayTags });
}

function definitionsOf(catalogue: ErrorCatalogue<string>) {
  return Object.values(catalogue).map(({ code, definition: { status, summary, cure } }) => ({ code, status, summary, cure }));
}
