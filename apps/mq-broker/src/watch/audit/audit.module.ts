import { Module } from '@nestjs/common';
import { AuditController } from './audit.controller.js';

export const auditControllers = [AuditController];

@Module({ controllers: auditControllers })
export class AuditModule {}
