import { Module } from '@nestjs/common';

/** Runs, reports its health and metrics, and operates no device yet. */
@Module({})
export class DeviceWorkerModule {}
