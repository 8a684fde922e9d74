import { MqErrors } from '../errors.js';

/** The ETag of a version. */
export function versionTag(version: number): string {
  return `"${version}"`;
}

/**
 * Whether an update replaces the version that its author has read. Call it with the row locked.
 * @param ifMatch the header If-Match.
 * @throws MQ_VERSION_REQUIRED without it, MQ_VERSION_CONFLICT when it names another version.
 */
export function requireVersion(ifMatch: string | undefined, version: number): void {
  if (ifMatch === undefined || ifMatch.trim() === '') throw MqErrors.MQ_VERSION_REQUIRED();
  if (ifMatch.trim() === versionTag(version)) return;
  if (!/^"\d+"$/.test(ifMatch.trim())) throw MqErrors.MQ_VERSION_CONFLICT(`If-Match takes an ETag as it was answered, with its quotes, such as ${versionTag(version)}.`, { details: { version } });
  throw MqErrors.MQ_VERSION_CONFLICT(`The version is ${versionTag(version)} now, and If-Match names another. Read it again and repeat with the new ETag.`, {
    details: { version },
  });
}
