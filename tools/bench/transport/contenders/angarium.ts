import 'reflect-metadata';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { GetUser, UserCreated } from '@angarium/contracts';
import { Metrics } from '@angarium/observability';
import { MessageBus, OnEvent, OnRequest, RedisStreamsServer } from '@angarium/transport';
import type { Contender } from '../contender.js';
import { answerTo, type Question, type User } from '../numbered-users.js';
import { serveChild } from '../serve-child.js';

let take: (user: User) => void = () => undefined;

@Controller()
class Handlers {
  @OnEvent(UserCreated)
  onUser(user: User): void {
    take(user);
  }

  @OnRequest(GetUser)
  getUser(question: Question) {
    return answerTo(question);
  }
}

@Module({ controllers: [Handlers] })
class AppModule {}

/** Our transport as a service uses it: metrics on, contracts checked. */
const angarium: Contender = {
  async consume(redisUrl, onUser) {
    take = onUser;
    const strategy = new RedisStreamsServer({ service: 'bench-consumer', redisUrl, prefetch: 256, metrics: new Metrics('bench-consumer') });
    const app = await NestFactory.createMicroservice(AppModule, { strategy, logger: false });
    await app.listen();
    return () => app.close();
  },

  async produce(redisUrl) {
    const bus = new MessageBus({ service: 'bench-producer', redisUrl, metrics: new Metrics('bench-producer') });
    await bus.ping();
    return {
      batchSize: 1,
      emit: ([user]) => bus.emit(UserCreated, user as User),
      request: (question) => bus.send(GetUser, question),
      stop: () => bus.close(),
    };
  },
};

await serveChild(angarium);
