import { Inject } from '@nestjs/common';

/** Provides the TargetOptions of libs/egress by the configuration: which URLs webhooks may have. */
export const WEBHOOK_TARGETS = Symbol('webhook targets');
export const InjectWebhookTargets = (): ParameterDecorator & PropertyDecorator => Inject(WEBHOOK_TARGETS);
