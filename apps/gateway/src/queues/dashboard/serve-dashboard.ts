import type { Caller } from '@angarium/auth';
import { createBullBoard } from '@bull-board/api';
import { FastifyAdapter } from '@bull-board/fastify';
import { queueNames } from '@angarium/contracts';
import { describeError } from '@angarium/errors';
import type { Logger } from '@angarium/observability';
import type { QueueService } from '@angarium/queues';
import type { Authenticator } from '@angarium/service-shell';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { NoteOperatorAct, OperatorAct } from '../note-operator-act.js';
import { admitOperator } from './admit-operator.js';
import { ShownQueueAdapter } from './shown-queue.adapter.js';

export const DASHBOARD_PATH = '/admin/queues';

/** What an operator may do on the page. The rest of bull-board (adding and editing jobs, bulk retries, limits, destroying queues) is refused. */
const changes: ReadonlyMap<string, OperatorAct['act']> = new Map([
  ...([['pause', 'queue.pause'], ['resume', 'queue.resume'], [':queueName/pause', 'queue.pause'], [':queueName/resume', 'queue.resume']] as const),
  ...([[':queueName/empty', 'queue.empty'], [':queueName/promote', 'queue.promote'], [':queueName/clean/:queueStatus', 'queue.clean']] as const),
  ...([[':queueName/:jobId/retry', 'job.retry'], [':queueName/:jobId/clean', 'job.remove'], [':queueName/:jobId/promote', 'job.promote']] as const),
].map(([route, act]) => [`/api/queues/${route}`, act]));

const headers = {
  // its page has its settings and its looks inline, and a font elsewhere that it does without
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'self'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};

export interface DashboardOptions {
  readonly queues: QueueService;
  readonly authenticator: Authenticator;
  readonly acts: NoteOperatorAct;
  readonly logger: Logger;
}

/** bull-board at `/admin/queues`, for operators; shows of jobs what `showPayload` and `showResult` show. */
export function serveDashboard(fastify: FastifyInstance, { queues, authenticator, acts, logger }: DashboardOptions): void {
  const board = new FastifyAdapter();
  createBullBoard({
    queues: queueNames.map((name) => new ShownQueueAdapter(queues.openQueue(name))),
    // its package brings the types of a copy of its own
    serverAdapter: board as unknown as Parameters<typeof createBullBoard>[0]['serverAdapter'],
    options: {
      // the workers' addresses would cost a CLIENT LIST for each queue at each look
      uiConfig: { boardTitle: 'Angarium queues', hideDocsLink: true, hideRedisDetails: true, showWorkers: false, pollingInterval: { forceInterval: 5 } },
      handlerHooks: {
        before: ({ method, route }) => (method === 'get' || changes.has(route) ? undefined : { allow: false, status: 405, message: 'The dashboard does not do this; see /openapi.json for what the gateway does.' }),
      },
    },
  });
  // its own handler tells callers what was thrown
  board.setErrorHandler((error) => {
    logger.error({ err: error, reason: describeError(error) }, 'the dashboard of the queues failed');
    return { status: 500, body: { error: 'ERRORS.INTERNAL_SERVER_ERROR' } };
  });
  board.setBasePath(DASHBOARD_PATH);
  const operators = new WeakMap<FastifyRequest, Caller>();
  void fastify.register((scope, _options, done) => {
    scope.addHook('onRequest', async (request, reply) => {
      void reply.headers(headers);
      return admitOperator(request, reply, authenticator, (caller) => void operators.set(request, caller));
    });
    scope.addHook('onResponse', async (request, reply) => {
      const act = reply.statusCode < 300 ? actOf(request, operators.get(request)) : undefined;
      if (act !== undefined) await acts.note(act);
    });
    void scope.register(board.registerPlugin(), { prefix: DASHBOARD_PATH });
    done();
  });
}

/** What an operator did by this request; undefined where it only looked. */
function actOf({ method, routeOptions, params }: FastifyRequest, caller: Caller | undefined): OperatorAct | undefined {
  const act = method === 'GET' ? undefined : changes.get((routeOptions.url ?? '').slice(DASHBOARD_PATH.length));
  if (act === undefined || caller?.kind !== 'tenant') return undefined;
  const { queueName, jobId, queueStatus } = params as Partial<Record<'queueName' | 'jobId' | 'queueStatus', string>>;
  return { act, via: 'dashboard', caller, queue: queueName, jobId, ...(queueStatus === undefined ? {} : { more: { state: queueStatus } }) };
}
