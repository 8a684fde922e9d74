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
export { EmailFailed, EmailRequested, EmailSent } from './events/email.events.js';
export { UserCreated } from './events/user-created.event.js';
export { SendEmail, templateReference } from './jobs/send-email.job.js';
export { ListAudit } from './requests/audit-list.request.js';
export { GetUser } from './requests/user-get.request.js';
export { ProfileChanged } from './signals/profile-changed.signal.js';
export { defineRoute } from './route.js';
export type { Access, AnswerOf, BodyInputOf, BodyOf, ParamsOf, QueryOf, RouteContract, RouteExample } from './route.js';
