export { createAddresses, deadLetterFields, entryFields } from './addresses.js';
export type { Addresses } from './addresses.js';
export { allContracts, catalogue, findContract, schemaId, toJsonSchema } from './catalogue.js';
export { defineEvent, defineJob, defineRequest, defineSignal, queueNames } from './contract.js';
export type {
  Contract,
  EventContract,
  InputOf,
  JobContract,
  PayloadOf,
  PayloadSchema,
  QueueName,
  RequestContract,
  ResponseOf,
  SignalContract,
} from './contract.js';
export { eventAttributesSchema, SYSTEM_TENANT } from './envelope.js';
export type { EncodedEvent, EventAttributes } from './envelope.js';
export { checkPayload } from './check-payload.js';
export { ContractErrors } from './errors.js';
export { AuditRecorded } from './events/audit-recorded.event.js';
export { RealtimeMessagePublished, SubscriptionDisabled } from './events/broker.events.js';
export { EmailBounced, EmailFailed, EmailRequested, EmailSent, EmailSuppressed, EmailUnsubscribed } from './events/email.events.js';
export { SmsDelivered, SmsFailed, SmsSent } from './events/sms.events.js';
export { QueueChanged, queueActs } from './events/queue.events.js';
export { UserCreated } from './events/user-created.event.js';
export { deviceParams, InstallApp, ResetDevice, RestartDevice, StartDevice, StopDevice, UninstallApp } from './jobs/device.jobs.js';
export { jobOptionsSchema } from './jobs/job-options.js';
export { localeTag, mailOrder, SendBatchEmail, SendEmail, SendScheduledEmail, templateKey, templateReference } from './jobs/email.jobs.js';
export type { TemplateVariable } from './jobs/email.jobs.js';
export { SendBatchSms, SendSms, SendVerificationCode, smsOrder, smsProviders, smsTemplateKey } from './jobs/sms.jobs.js';
export type { SmsProviderName } from './jobs/sms.jobs.js';
export { ExportData, GenerateReport, ProcessImage, ProcessLogs, SendNotification } from './jobs/task.jobs.js';
export { ListAudit } from './requests/audit-list.request.js';
export { MAX_RECEIPT_LENGTH, SmsReceipt } from './requests/sms-receipt.request.js';
export { ReportEmailBounce, UnsubscribeEmail } from './requests/email-feedback.requests.js';
export { DeleteEmailSender, GetEmailSender, ListEmailSenders, PutEmailSender, TestEmailSender } from './requests/email-senders.requests.js';
export { DeleteEmailSuppression, ListEmailSuppressions, PutEmailSuppression } from './requests/email-suppressions.requests.js';
export { EmailRequestErrors } from './requests/email-errors.js';
export { ReceiptErrors } from './requests/receipt-errors.js';
export { SmsRequestErrors } from './requests/sms-errors.js';
export { GetUser } from './requests/user-get.request.js';
export { DeleteSmsTemplate, ExplainSms, GetSmsTemplate, PutSmsTemplate } from './requests/sms.requests.js';
export type { SmsExplanation, SmsTemplateSettings, SmsTemplateView } from './requests/sms.requests.js';
export { CancelVerification, CheckVerification, StartVerification } from './requests/verification.requests.js';
export { ProfileChanged } from './signals/profile-changed.signal.js';
export { defineRoute } from './route.js';
export type { Access, AnswerOf, BodyInputOf, BodyOf, ParamsOf, QueryOf, RouteContract, RouteExample } from './route.js';
export { templateSettings } from './requests/email-template.js';
export type { TemplateContent, TemplateDetail, TemplatePreview, TemplateSettings, TemplateSummary, VariableSchema } from './requests/email-template.js';
export {
  GetEmailTemplate,
  ListEmailTemplates,
  ListEmailTemplateVersions,
  PreviewEmailTemplate,
  RemoveEmailTemplate,
  RollBackEmailTemplate,
  SaveEmailTemplate,
} from './requests/email-templates.requests.js';
