import { checkPayload, type InputOf, type SignalContract } from '@angarium/contracts';
import { parseRedisUrl } from '@angarium/redis';
import { Transport, type ClientProxy, type RedisOptions } from '@nestjs/microservices';
import { lastValueFrom } from 'rxjs';

/**
 * Options of NestJS' own Redis transport for signals: it reconnects for ever (by default it gives up and the process ends).
 * Use with `app.connectMicroservice(signalTransport(url))` and `ClientsModule`.
 */
export function signalTransport(redisUrl: string): RedisOptions & { transport: Transport.REDIS } {
  const address = parseRedisUrl(redisUrl);
  const options = address.options as NonNullable<RedisOptions['options']>;
  return { transport: Transport.REDIS, options: { ...options, retryAttempts: Number.MAX_SAFE_INTEGER, retryDelay: 500 } };
}

/** Sends a signal; best effort, so whoever sends decides what a failure means. @throws CONTRACT_BROKEN */
export async function sendSignal<C extends SignalContract>(client: ClientProxy, contract: C, payload: InputOf<C>): Promise<void> {
  const checked = checkPayload(contract.name, contract.schema, payload);
  await lastValueFrom(client.emit(contract.name, checked), { defaultValue: undefined });
}
