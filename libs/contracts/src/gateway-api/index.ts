export { gatewayRoutes, gatewayTags } from './all-routes.js';
export { DeleteTemplate, GetTemplate, ListTemplates, ListTemplateVersions, PreviewTemplate, RollBackTemplate, SaveTemplate } from './templates.routes.js';
