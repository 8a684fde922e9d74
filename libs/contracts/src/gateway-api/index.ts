export { gatewayRoutes, gatewayTags } from './all-routes.js';
export { DeleteSmsTemplateRoute, ExplainSmsRoute, GetSmsTemplateRoute, PutSmsTemplateRoute } from './sms.routes.js';
export { CancelVerificationRoute, CheckVerificationRoute, StartVerificationRoute } from './verification.routes.js';
export { receiveSmsReceipts, receiveTwilioReceipt } from './receipts.routes.js';
