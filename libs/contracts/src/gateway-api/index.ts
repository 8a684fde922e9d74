export { gatewayRoutes, gatewayTags } from './all-routes.js';
export { TestSendEmail, TestSendSms, TestStartDevice } from './queue-tests.routes.js';
export {
  CleanQueue,
  EmptyQueue,
  GetQueueJob,
  GetQueuesStatus,
  jobView,
  ListQueueJobs,
  MAX_JOBS,
  PauseQueue,
  RemoveQueueJob,
  ResumeQueue,
  RetryQueueJob,
} from './queues.routes.js';
export { GetGatewayOpenApi } from './reference.routes.js';
export { DeleteSmsTemplateRoute, ExplainSmsRoute, GetSmsTemplateRoute, PutSmsTemplateRoute } from './sms.routes.js';
export { CancelVerificationRoute, CheckVerificationRoute, StartVerificationRoute } from './verification.routes.js';
export { receiveSmsReceipts, receiveTwilioReceipt } from './receipts.routes.js';
export { DeleteTemplate, GetTemplate, ListTemplates, ListTemplateVersions, PreviewTemplate, RollBackTemplate, SaveTemplate } from './templates.routes.js';
export { DeleteFile, GetFile, MAX_FILE_BYTES, ReadStoredFile, UploadFile } from './files.routes.js';
export type { StoredFileView } from './files.routes.js';
export { CancelEmail } from './emails.routes.js';
export { DeleteSender, GetSender, ListSenders, PutSender, TestSender } from './senders.routes.js';
export { DeleteSuppression, ListSuppressions, PutSuppression, ReportBounce } from './suppressions.routes.js';
export { ShowUnsubscribe, Unsubscribe } from './unsubscribe.routes.js';
