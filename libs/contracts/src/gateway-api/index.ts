export { gatewayRoutes, gatewayTags } from './all-routes.js';
