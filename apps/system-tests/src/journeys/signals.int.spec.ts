import { stopAfterTests, waitFor } from '@angarium/testing';
import { Redis } from 'ioredis';
import pg from 'pg';
import { gatewayToken, startSystem, type System } from '../harness/start-system.js';

stopAfterTests();
let system: System;
beforeAll(async () => {
  system = await startSystem();
});

describe('a changed profile', () => {
  it('is forgotten by every gateway replica as soon as the signal is heard, over NestJS own Redis transport', async () => {
    const second = await system.start('gateway');
    await second.ready();
    const listener = new Redis(system.redis.url);
    let signals = 0;
    listener.on('message', () => (signals += 1));
    await listener.subscribe('profile.changed');
    const { userId } = await system.register(1);
    await waitFor(() => signals === 1, { what: 'the signal that the profile is new' });
    listener.disconnect();
    const nameAt = async (url: string) => {
      const answer = await fetch(`${url}/users/${userId}`, { headers: { authorization: `Bearer ${gatewayToken}` } });
      return ((await answer.json()) as { profile: { displayName: string } | null }).profile?.displayName;
    };
    const replicas = [system.gateway.url, second.url];
    for (const url of replicas) await waitFor(async () => (await nameAt(url)) === 'user-1', { what: 'the profile' });

    const database = new pg.Client({ connectionString: system.databaseUrl });
    await database.connect();
    await database.query(`UPDATE tasks.profiles SET display_name = 'Ada' WHERE user_id = $1`, [userId]);
    await database.end();
    for (const url of replicas) expect(await nameAt(url)).toBe('user-1');

    const redis = new Redis(system.redis.url);
    const heardBy = await redis.publish('profile.changed', JSON.stringify({ pattern: 'profile.changed', data: { userId } }));
    redis.disconnect();
    expect(heardBy).toBe(replicas.length);
    for (const url of replicas) await waitFor(async () => (await nameAt(url)) === 'Ada', { what: 'the new profile' });
  });
});
