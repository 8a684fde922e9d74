import type { AnswerOf } from '@angarium/contracts';
import {
  CleanQueue,
  EmptyQueue,
  GetQueueJob,
  GetQueuesStatus,
  ListQueueJobs,
  PauseQueue,
  RemoveQueueJob,
  ResumeQueue,
  RetryQueueJob,
} from '@angarium/contracts/gateway-api';
import { QueueService, type QueueStatus } from '@angarium/queues';
import { Route, type RouteCall } from '@angarium/service-shell';
import { Controller } from '@nestjs/common';
import { NoteOperatorAct, type OperatorAct } from './note-operator-act.js';

/** What waits in the queues, what failed, and what operators do about it. Each change is noted, with the key that made it. */
@Controller()
export class QueuesController {
  constructor(
    private readonly queues: QueueService,
    private readonly acts: NoteOperatorAct,
  ) {}

  @Route(GetQueuesStatus)
  async status(): Promise<AnswerOf<typeof GetQueuesStatus>> {
    const queues = await this.queues.getAllQueuesStatus();
    const total = (state: keyof QueueStatus['counts']) => queues.reduce((sum, { counts }) => sum + counts[state], 0);
    const summary = { totalWaiting: total('waiting'), totalActive: total('active'), totalCompleted: total('completed'), totalFailed: total('failed'), totalDelayed: total('delayed') };
    return { timestamp: new Date().toISOString(), queues, summary: { totalQueues: queues.length, ...summary } };
  }

  @Route(ListQueueJobs)
  async list({ params: { name }, query: { status, start, limit, end = start + limit - 1 } }: RouteCall<typeof ListQueueJobs>): Promise<AnswerOf<typeof ListQueueJobs>> {
    const [{ counts }, jobs] = await Promise.all([this.queues.getQueueStatus(name), this.queues.getQueueJobs(name, status, start, end)]);
    return { queue: name, status, start, end, total: counts[status], jobs };
  }

  @Route(GetQueueJob)
  show({ params }: RouteCall<typeof GetQueueJob>): Promise<AnswerOf<typeof GetQueueJob>> {
    return this.queues.getJob(params.name, params.jobId);
  }

  @Route(RetryQueueJob)
  async retry(call: RouteCall<typeof RetryQueueJob>): Promise<AnswerOf<typeof RetryQueueJob>> {
    const { name, jobId } = call.params;
    await this.queues.retryJob(name, jobId);
    await this.note(call, 'job.retry', { jobId });
    return { queue: name, jobId };
  }

  @Route(RemoveQueueJob)
  async remove(call: RouteCall<typeof RemoveQueueJob>): Promise<void> {
    const { name, jobId } = call.params;
    await this.queues.removeJob(name, jobId);
    await this.note(call, 'job.remove', { jobId });
  }

  @Route(PauseQueue)
  async pause(call: RouteCall<typeof PauseQueue>): Promise<AnswerOf<typeof PauseQueue>> {
    const { name } = call.params;
    await this.queues.pauseQueue(name);
    await this.note(call, 'queue.pause');
    return { queue: name, isPaused: true };
  }

  @Route(ResumeQueue)
  async resume(call: RouteCall<typeof ResumeQueue>): Promise<AnswerOf<typeof ResumeQueue>> {
    const { name } = call.params;
    await this.queues.resumeQueue(name);
    await this.note(call, 'queue.resume');
    return { queue: name, isPaused: false };
  }

  @Route(EmptyQueue)
  async empty(call: RouteCall<typeof EmptyQueue>): Promise<AnswerOf<typeof EmptyQueue>> {
    const { name } = call.params;
    const removed = await this.queues.emptyQueue(name);
    await this.note(call, 'queue.empty', { more: { removed } });
    return { queue: name, removed };
  }

  @Route(CleanQueue)
  async clean(call: RouteCall<typeof CleanQueue>): Promise<AnswerOf<typeof CleanQueue>> {
    const { params: { name }, body: { grace, type, limit } } = call;
    const removed = await this.queues.cleanQueue(name, grace, type, limit);
    await this.note(call, 'queue.clean', { more: { state: type, removed } });
    return { queue: name, removed };
  }

  private note({ params, caller }: { readonly params: { readonly name: string }; readonly caller: OperatorAct['caller'] }, act: OperatorAct['act'], rest: Pick<OperatorAct, 'jobId' | 'more'> = {}): Promise<void> {
    return this.acts.note({ queue: params.name, act, via: 'api', caller, ...rest });
  }
}
