export {
  CreateTopic,
  DeleteTopic,
  GetTopic,
  ListTopics,
  PurgeTopic,
  UpdateTopic,
  topicView,
} from './topics.routes.js';
export type { TopicView } from './topics.routes.js';
export {
  CancelSchedule,
  GetMessage,
  GetSchedule,
  ListAttempts,
  ListSchedules,
  PauseSchedule,
  PublishBatch,
  PublishDelayed,
  PublishMessage,
  PublishScheduled,
  PublishToTopic,
  ResumeSchedule,
  messageFields,
  publishBody,
  published,
} from './messages.routes.js';
export type { AttemptView, PublishInput, Published, ScheduleView } from './messages.routes.js';
export {
  CreateSubscription,
  DeleteSubscription,
  GetSubscription,
  ListSubscriptions,
  PauseSubscription,
  ReplaySubscription,
  ResumeSubscription,
  RotateSecret,
  UpdateSubscription,
  subscriptionView,
} from './subscriptions.routes.js';
export type { SubscriptionView } from './subscriptions.routes.js';
export {
  AckMessages,
  ExtendMessages,
  NackMessages,
  PullMessages,
} from './consuming.routes.js';
export type { PulledMessage } from './consuming.routes.js';
export {
  DiscardDeadLetter,
  DiscardDeadLetters,
  GetDeadLetter,
  ListDeadLetters,
  RedriveDeadLetter,
  RedriveDeadLetters,
} from './dead-letters.routes.js';
export {
  MAX_RETRY_DELAY_MS,
  destination,
  destinationKinds,
  retryPolicy,
} from './subscription-settings.js';
export type { Destination, RetryPolicy } from './subscription-settings.js';
export {
  GetConsumerMetrics,
  GetHealth,
  GetMetrics,
  GetStatus,
  GetTopicMetrics,
  MAX_COUNTED,
  consumerMetrics,
  messageQueueMetrics,
  topicMetrics,
} from './watch.routes.js';
export type { ConsumerMetrics, MessageQueueMetrics, TopicMetrics } from './watch.routes.js';
export {
  ListAudit,
} from './audit.routes.js';
export type { AuditEntryView } from './audit.routes.js';
export {
  GetAuditQueueStatus,
  GetDetailedHealth,
  GetInternalMetrics,
  GetNotificationQueue,
  NotifyUser,
  PublishAuditLog,
  PublishNotification,
  PublishUserEvent,
} from './internal.routes.js';
export type { InternalTopicState } from './internal.routes.js';
export {
  GetOpenApi,
} from './reference.routes.js';
export {
  brokerRoutes,
  brokerTags,
} from './all-routes.js';
export {
  emptyAnswer,
  jsonValue,
  pageOf,
  pageQuery,
  timestamp,
  topicName,
} from './shared.js';
