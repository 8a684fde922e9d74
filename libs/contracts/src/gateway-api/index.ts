export { gatewayRoutes, gatewayTags } from './all-routes.js';
export { CancelEmail } from './emails.routes.js';
export { DeleteSender, GetSender, ListSenders, PutSender, TestSender } from './senders.routes.js';
export { DeleteSuppression, ListSuppressions, PutSuppression, ReportBounce } from './suppressions.routes.js';
export { ShowUnsubscribe, Unsubscribe } from './unsubscribe.routes.js';
