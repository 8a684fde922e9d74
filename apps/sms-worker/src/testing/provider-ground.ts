import { createEgress } from '@angarium/egress';
import { createLogger, type Logger } from '@angarium/observability';
import { freePort } from '@angarium/testing';
import { loadConfig, defineConfig } from '@angarium/config';
import { ProviderClient } from '../deliver/provider-call.js';
import type { OutgoingSms } from '../deliver/sms-provider.js';
import { providerVariables, type ProviderConfig } from '../provider-variables.js';
import { startProviderServer, type ProviderServer } from './start-provider-server.js';

/** A local provider and a client that may reach it, for the tests of one adapter. */
export interface ProviderGround {
  readonly server: ProviderServer;
  readonly client: ProviderClient;
  /** Where nobody listens. */
  readonly deadUrl: string;
  stop(): Promise<void>;
}

export const silentLogger: Logger = createLogger({ service: 'test', instance: 'test', level: 'silent' });

export async function startProviderGround(timeoutMs = 300): Promise<ProviderGround> {
  const server = await startProviderServer();
  const deadUrl = `http://127.0.0.1:${await freePort()}`;
  const egress = createEgress({ allowPrivateHosts: ['127.0.0.1'], allowHttp: 'private-hosts', logger: silentLogger });
  return {
    server,
    client: new ProviderClient(egress, timeoutMs),
    deadUrl,
    stop: async () => {
      await server.stop();
      await egress.close();
    },
  };
}

export const codeSms: OutgoingSms = {
  phone: '+8613800138000',
  template: { id: 'SMS_1234567', parameters: { code: '493817', note: "it's (5*2)! 中 & +" }, ordered: ['493817', '5'] },
  deliveryId: '0190a6f0-8d2f-7c4b-8e63-4b6070d3e5f0',
};

/** Never aborted. */
export const patient = new AbortController().signal;

/** The provider variables of an environment. */
export function providerConfig(env: Record<string, string>): ProviderConfig {
  return loadConfig(defineConfig('test', providerVariables), env);
}
