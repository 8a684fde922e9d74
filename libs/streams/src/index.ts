export { compress, decompress, GZIP_BASE64 } from './compression.js';
export { readField } from './fields.js';
export { toJson } from './json.js';
export { StreamOperations } from './stream-operations.js';
export type { Append, Attempted, EntryToAppend, FlatFields, ReclaimedEntry, StreamEntry } from './stream-operations.js';
