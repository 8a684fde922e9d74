import { Module } from '@nestjs/common';
import { ChangeCatalog } from './change-catalog.js';
import { ChangeSubscription } from './subscriptions/change-subscription.js';
import { CreateSubscription } from './subscriptions/create-subscription.js';
import { RotateSecret } from './subscriptions/rotate-secret.js';
import { SubscriptionController } from './subscriptions/subscription.controller.js';
import { ChangeTopic } from './topics/change-topic.js';
import { RemoveTopic } from './topics/remove-topic.js';
import { TopicController } from './topics/topic.controller.js';

export const catalogControllers = [TopicController, SubscriptionController];
export const catalogProviders = [ChangeCatalog, ChangeTopic, RemoveTopic, CreateSubscription, ChangeSubscription, RotateSecret];

/** Topics and subscriptions. Needs, from global modules: Sql, CatalogSignals, SEALER, WEBHOOK_TARGETS. */
@Module({ controllers: catalogControllers, providers: catalogProviders, exports: catalogProviders })
export class CatalogModule {}
