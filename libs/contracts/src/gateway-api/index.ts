export { gatewayRoutes, gatewayTags } from './all-routes.js';
export { DeleteTemplate, GetTemplate, ListTemplates, ListTemplateVersions, PreviewTemplate, RollBackTemplate, SaveTemplate } from './templates.routes.js';
export { DeleteFile, GetFile, MAX_FILE_BYTES, ReadStoredFile, UploadFile } from './files.routes.js';
export type { StoredFileView } from './files.routes.js';
