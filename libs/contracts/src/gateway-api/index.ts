export { gatewayRoutes, gatewayTags } from './all-routes.js';
export { receiveSmsReceipts, receiveTwilioReceipt } from './receipts.routes.js';
