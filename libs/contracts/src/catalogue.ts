import { z } from 'zod';
import type { Contract, EventContract, JobContract, RequestContract, SignalContract } from './contract.js';
import { AuditRecorded } from './events/audit-recorded.event.js';
import { RealtimeMessagePublished, SubscriptionDisabled } from './events/broker.events.js';
import { EmailBounced, EmailFailed, EmailRequested, EmailSent, EmailSuppressed, EmailUnsubscribed } from './events/email.events.js';
import { QueueChanged } from './events/queue.events.js';
import { SmsDelivered, SmsFailed, SmsSent } from './events/sms.events.js';
import { UserCreated } from './events/user-created.event.js';
import { InstallApp, ResetDevice, RestartDevice, StartDevice, StopDevice, UninstallApp } from './jobs/device.jobs.js';
import { SendBatchEmail, SendEmail, SendScheduledEmail } from './jobs/email.jobs.js';
import { SendBatchSms, SendSms, SendVerificationCode } from './jobs/sms.jobs.js';
import { ExportData, GenerateReport, ProcessImage, ProcessLogs, SendNotification } from './jobs/task.jobs.js';
import { ListAudit } from './requests/audit-list.request.js';
import { SmsReceipt } from './requests/sms-receipt.request.js';
import { DeleteSmsTemplate, ExplainSms, GetSmsTemplate, PutSmsTemplate } from './requests/sms.requests.js';
import {
  GetEmailTemplate,
  ListEmailTemplates,
  ListEmailTemplateVersions,
  PreviewEmailTemplate,
  RemoveEmailTemplate,
  RollBackEmailTemplate,
  SaveEmailTemplate,
} from './requests/email-templates.requests.js';
import { ReportEmailBounce, UnsubscribeEmail } from './requests/email-feedback.requests.js';
import { DeleteEmailSender, GetEmailSender, ListEmailSenders, PutEmailSender, TestEmailSender } from './requests/email-senders.requests.js';
import { DeleteEmailSuppression, ListEmailSuppressions, PutEmailSuppression } from './requests/email-suppressions.requests.js';
import { GetUser } from './requests/user-get.request.js';
import { CancelVerification, CheckVerification, StartVerification } from './requests/verification.requests.js';
import { ProfileChanged } from './signals/profile-changed.signal.js';

/** Every message of this system. A message that is not here does not exist. */
export const catalogue = {
  events: [
    ...[UserCreated, AuditRecorded, RealtimeMessagePublished, SubscriptionDisabled],
    ...[EmailRequested, EmailSent, EmailFailed, EmailSuppressed, EmailBounced, EmailUnsubscribed],
    ...[SmsSent, SmsDelivered, SmsFailed],
    ...[QueueChanged],
  ] as readonly EventContract[],
  requests: [
    ...[GetUser, ListAudit],
    ...[GetSmsTemplate, PutSmsTemplate, DeleteSmsTemplate, ExplainSms, StartVerification, CheckVerification, CancelVerification],
    ...[SmsReceipt],
    ...[GetEmailTemplate, ListEmailTemplates, ListEmailTemplateVersions, PreviewEmailTemplate, RemoveEmailTemplate, RollBackEmailTemplate, SaveEmailTemplate],
    ...[DeleteEmailSender, GetEmailSender, ListEmailSenders, PutEmailSender, TestEmailSender],
    ...[DeleteEmailSuppression, ListEmailSuppressions, PutEmailSuppression, ReportEmailBounce, UnsubscribeEmail],
  ] as readonly RequestContract[],
  jobs: [
    ...[SendEmail, SendBatchEmail, SendScheduledEmail, SendSms, SendBatchSms, SendVerificationCode],
    ...[StartDevice, StopDevice, RestartDevice, ResetDevice, InstallApp, UninstallApp],
    ...[SendNotification, ExportData, GenerateReport, ProcessImage, ProcessLogs],
  ] as readonly JobContract[],
  signals: [ProfileChanged] as readonly SignalContract[],
} as const;

export const allContracts: readonly Contract[] = [...catalogue.events, ...catalogue.requests, ...catalogue.jobs, ...catalogue.signals];

const byName = new Map(allContracts.map((contract) => [contract.name, contract]));

/** The contract of a name, if this system has one. */
export function findContract(name: string): Contract | undefined {
  return byName.get(name);
}

/** The `dataschema` of a contract: a stable name for one version of its schema. */
export function schemaId(contract: Pick<Contract, 'name' | 'version'>): string {
  return `urn:angarium:schema:${contract.name}:${contract.version}`;
}

/** JSON Schema (draft 2020-12) of what goes in; of a request also what comes back. */
export function toJsonSchema(contract: Contract): { payload: object; response?: object } {
  const describe = (schema: z.ZodType, id: string) => ({
    $id: id,
    title: contract.name,
    description: contract.description,
    ...z.toJSONSchema(schema, { io: 'input' }),
  });
  const payload = { ...describe(contract.schema, schemaId(contract)), examples: [contract.example] };
  if (contract.kind !== 'request') return { payload };
  return {
    payload,
    response: { ...describe(contract.responseSchema, `${schemaId(contract)}:response`), examples: [contract.responseExample] },
  };
}
