import { createEgress, type Egress } from '@angarium/egress';
import type { Logger } from '@angarium/observability';
import { privateHosts } from '../provider-checks.js';
import type { ProviderConfig } from '../provider-variables.js';

/** A provider answers in tens of milliseconds: this carries a thousand SMS a second. */
const MAX_CONNECTIONS = 50;

/** The way out to the providers. Close it when the service stops. */
export function createSmsEgress({ SMS_PRIVATE_HOSTS }: Pick<ProviderConfig, 'SMS_PRIVATE_HOSTS'>, logger: Logger): Egress {
  return createEgress({ allowPrivateHosts: privateHosts(SMS_PRIVATE_HOSTS), allowHttp: 'private-hosts', maxConnectionsPerOrigin: MAX_CONNECTIONS, logger });
}
