import type { TenantCaller } from '@angarium/auth';
import { queueNames, QueueChanged, SYSTEM_TENANT, type InputOf } from '@angarium/contracts';
import { describeError } from '@angarium/errors';
import type { Logger } from '@angarium/observability';
import { InjectLogger } from '@angarium/service-shell';
import { MessageBus } from '@angarium/transport';
import { Injectable } from '@nestjs/common';

/** An operator waits for the answer, and what was done is done. */
const EMIT_TIMEOUT_MS = 2_000;

/** What an operator did. */
export interface OperatorAct extends Pick<InputOf<typeof QueueChanged>, 'act' | 'via'> {
  /** Left out: to every queue. */
  readonly queue?: string | undefined;
  readonly jobId?: string | undefined;
  readonly caller: Pick<TenantCaller, 'keyId' | 'keyName'>;
  /** For the log: how many jobs it touched, of which state. */
  readonly more?: object;
}

/** Writes down what operators do to queues and jobs: a line in the log, and queue.changed, from which the audit trail is made. */
@Injectable()
export class NoteOperatorAct {
  constructor(
    private readonly bus: MessageBus,
    @InjectLogger() private readonly logger: Logger,
  ) {}

  /** Call it when it is done. Never rejects: what was done stays done, and stands in the log. */
  async note({ queue, act, jobId, via, caller: { keyId, keyName }, more = {} }: OperatorAct): Promise<void> {
    this.logger.info({ queue, act, jobId, via, by: keyId, ...more }, 'queue changed by an operator');
    const lost = (error: unknown) => this.logger.warn({ queue, act, jobId, reason: describeError(error) }, 'the audit trail lacks what an operator did');
    const changed = queueNames.filter((name) => queue === undefined || name === queue);
    const shared = { act, by: keyName, keyId, via, changedAt: new Date().toISOString(), ...(jobId === undefined ? {} : { jobId }) };
    await Promise.all(changed.map((name) => this.bus.emit(QueueChanged, { queue: name, ...shared }, { tenant: SYSTEM_TENANT, timeoutMs: EMIT_TIMEOUT_MS }).catch(lost)));
  }
}
