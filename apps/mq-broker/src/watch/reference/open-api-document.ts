import { AuthErrors } from '@angarium/auth';
import { DatabaseErrors } from '@angarium/database';
import { EgressErrors } from '@angarium/egress';
import { SharedErrors, type ErrorCatalogue } from '@angarium/errors';
import { brokerRoutes, brokerTags } from '@angarium/contracts/broker-api';
import { openApiOf } from '@angarium/contracts/open-api';
import { MqErrors } from '../../errors.js';

const description = `A message broker over HTTP: publish to topics; consume by pull, webhook, queue or realtime; in order per key where asked for.

- **Credential**: \`authorization: Bearer ang_…\`, an API key of your tenant. What another tenant has is answered with 404, as if it were not there.
- **Errors**: every refusal is \`{ code, message, details?, retryAfter? }\`. Decide by \`code\`; where \`retryAfter\` (seconds) is there, the same call may pass later.
- **Repeating**: publish with a \`messageId\` of your own, or send an \`Idempotency-Key\`, and a call whose answer was lost can be sent again without harm.
- **Versions**: an update names the version it replaces: \`If-Match\` with the \`ETag\` that was read.
- **Following**: every answer carries \`x-correlation-id\`; send your own to find a call in logs and traces.`;

/** The routes of the broker as served, and as written to docs/reference. */
export const routes = brokerRoutes;

/** The OpenAPI document of the broker. Takes some ten milliseconds: keep it. */
export function openApiDocument(): object {
  const errors = [MqErrors, SharedErrors, AuthErrors, DatabaseErrors, EgressErrors].flatMap(definitionsOf);
  return openApiOf(brokerRoutes, { title: 'Angarium message broker', version: '1.0.0', description, errors, everywhere: ['DATABASE_UNAVAILABLE', 'DATABASE_BUSY'], tags: brokerTags });
}

function definitionsOf(catalogue: ErrorCatalogue<string>) {
  return Object.values(catalogue).map(({ code, definition: { status, summary, cure } }) => ({ code, status, summary, cure }));
}
