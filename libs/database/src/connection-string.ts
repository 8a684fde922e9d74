/**
 * The same server with another database.
 * Written into the URL because `pg` lets a connection string win over every other setting, `database` too.
 * @throws TypeError when the text is no URL.
 */
export function withDatabase(databaseUrl: string, name: string): string {
  const url = new URL(databaseUrl);
  url.pathname = `/${name}`; // not encoded further than a path needs: pg decodes no more than that
  return url.href;
}

/** Name of the database that the URL names. */
export function databaseOf(databaseUrl: string): string {
  return decodeURI(new URL(databaseUrl).pathname.slice(1));
}

/**
 * Adds settings that every session starts with, in the form of libpq's `options`: `{ TimeZone: 'UTC' }`.
 * What the URL sets itself stays; ours win where both name a setting.
 */
export function withSessionSettings(databaseUrl: string, settings: Readonly<Record<string, string | number>>): string {
  const url = new URL(databaseUrl);
  const ours = Object.entries(settings).map(([name, value]) => `-c ${name}=${String(value).replace(/[\\ ]/g, '\\$&')}`);
  url.searchParams.set('options', [url.searchParams.get('options') ?? '', ...ours].join(' ').trim());
  return url.href;
}
