import { Module } from '@nestjs/common';
import { MessageController } from './messages/message.controller.js';

export const messageControllers = [MessageController];

/** What became of messages. Needs Sql from a global module. */
@Module({ controllers: messageControllers })
export class MessagesModule {}
