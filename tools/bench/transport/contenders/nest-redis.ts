import 'reflect-metadata';
import { Controller, Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ClientProxyFactory, EventPattern, MessagePattern, Transport } from '@nestjs/microservices';
import { lastValueFrom } from 'rxjs';
import type { Contender } from '../contender.js';
import { answerTo, type Answer, type Question, type User } from '../numbered-users.js';
import { serveChild } from '../serve-child.js';

let take: (user: User) => void = () => undefined;

@Controller()
class Handlers {
  @EventPattern<string>('user.created')
  onUser(user: User): void {
    take(user);
  }

  @MessagePattern<string>('user.get')
  getUser(question: Question) {
    return answerTo(question);
  }
}

@Module({ controllers: [Handlers] })
class AppModule {}

function address(redisUrl: string): { host: string; port: number } {
  const { hostname, port } = new URL(redisUrl);
  return { host: hostname, port: Number(port) };
}

/** NestJS' own Redis transport, as its documentation shows it. */
const nestRedis: Contender = {
  async consume(redisUrl, onUser) {
    take = onUser;
    const app = await NestFactory.createMicroservice(AppModule, { transport: Transport.REDIS, options: address(redisUrl), logger: false });
    await app.listen();
    return () => app.close();
  },

  async produce(redisUrl) {
    const client = ClientProxyFactory.create({ transport: Transport.REDIS, options: address(redisUrl) });
    await client.connect();
    return {
      batchSize: 1,
      emit: ([user]) => lastValueFrom(client.emit('user.created', user), { defaultValue: undefined }),
      request: (question) => lastValueFrom(client.send<Answer>('user.get', question)),
      stop: () => Promise.resolve(client.close()).then(() => undefined),
    };
  },
};

Logger.overrideLogger(false);
await serveChild(nestRedis);
