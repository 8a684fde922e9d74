import { Module } from '@nestjs/common';
import { ChangeCatalog } from '../../catalog/change-catalog.js';
import { DeadLetterController } from './dead-letters/dead-letter.controller.js';
import { SettleDeadLetters } from './dead-letters/settle-dead-letters.js';
import { ReplayController } from './replay/replay.controller.js';
import { ReplaySubscription } from './replay/replay-subscription.js';

export const deadLetterControllers = [DeadLetterController, ReplayController];
export const deadLetterProviders = [ChangeCatalog, SettleDeadLetters, ReplaySubscription];

/** What was given up, and what is to be delivered again. Needs, from global modules: Sql, CatalogSignals. */
@Module({ controllers: deadLetterControllers, providers: deadLetterProviders })
export class DeadLettersModule {}
