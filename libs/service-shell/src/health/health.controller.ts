import { Controller, Get, Header, HttpStatus, Res } from '@nestjs/common';
import { Metrics } from '@angarium/observability';
import type { FastifyReply } from 'fastify';
import { Public } from '../http/public.decorator.js';
import { HealthRegistry } from './health-registry.js';

/** What orchestrators and Prometheus ask. Open, because they carry no credentials; they name no user and no message. */
@Public('asked by orchestrators and Prometheus, which carry no credential')
@Controller()
export class HealthController {
  constructor(
    private readonly health: HealthRegistry,
    private readonly metrics: Metrics,
  ) {}

  /** The process runs and its event loop turns. Says nothing of what it depends on: a restart would not mend that. */
  @Get('health/live')
  live(): { status: 'ok' } {
    return { status: 'ok' };
  }

  /** The service can do its work: 200, else 503 with what is wrong. */
  @Get('health/ready')
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    const report = await this.health.report();
    reply.status(report.status === 'ok' ? HttpStatus.OK : HttpStatus.SERVICE_UNAVAILABLE);
    return report;
  }

  @Get('metrics')
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  exposition(): Promise<string> {
    return this.metrics.registry.metrics();
  }
}
