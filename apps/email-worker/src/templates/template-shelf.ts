import { EmailErrors } from '../errors.js';
import { readVersion, type TemplateVersion } from './template-version.js';
import type { StoredTemplate, TemplateRepository } from './template.repository.js';

/** How long a replica goes on with the version that it knows; another replica may have saved a new one. */
const FRESH_MS = 2_000;
/** Versions that are kept ready; a large one takes a megabyte. */
const MAX_VERSIONS = 200;
const MAX_POINTERS = 5_000;

export interface ShelfParts {
  readonly repository: Pick<TemplateRepository, 'find' | 'findVersion'>;
  /** Resolves when the shipped templates are in the database. */
  readonly isStocked: () => Promise<void>;
}

interface Pointer {
  readonly template: Promise<StoredTemplate | undefined>;
  readonly until: number;
}

/** Templates at hand: versions never change and are kept, which one is current is asked every two seconds. */
export class TemplateShelf {
  private readonly pointers = new Map<string, Pointer>();
  private readonly versions = new Map<string, Promise<TemplateVersion>>();

  constructor(private readonly parts: ShelfParts) {}

  /**
   * The version that a mail of this tenant is made of: its own template, else that of the system.
   * @throws EMAIL_TEMPLATE_UNKNOWN, DATABASE_UNAVAILABLE, DATABASE_BUSY
   */
  async current(tenant: string, key: string): Promise<TemplateVersion> {
    await this.parts.isStocked();
    const template = await this.pointer(tenant, key);
    if (template === undefined) throw unknownTemplate(key);
    return this.version(template, template.currentVersion);
  }

  /** One version, ready to be rendered. @throws EMAIL_TEMPLATE_VERSION_UNKNOWN */
  version(template: Pick<StoredTemplate, 'id' | 'key'>, version: number): Promise<TemplateVersion> {
    const name = `${template.id} ${version}`;
    const known = this.versions.get(name);
    // the one that was used last is the last to go
    this.versions.delete(name);
    const found = known ?? this.load(template, version);
    if (known === undefined) found.catch(() => this.versions.delete(name));
    keep(this.versions, name, found, MAX_VERSIONS);
    return found;
  }

  /** Something changed through this replica: the next mail asks anew. */
  forget(key: string): void {
    for (const name of this.pointers.keys()) if (name.endsWith(` ${key}`)) this.pointers.delete(name);
  }

  private pointer(tenant: string, key: string): Promise<StoredTemplate | undefined> {
    const name = `${tenant} ${key}`;
    const known = this.pointers.get(name);
    if (known !== undefined && known.until > performance.now()) return known.template;
    const template = this.parts.repository.find(tenant, key);
    this.pointers.delete(name);
    keep(this.pointers, name, { template, until: performance.now() + FRESH_MS }, MAX_POINTERS);
    // neither an outage nor a name that is about to be saved is remembered
    const forget = () => {
      if (this.pointers.get(name)?.template === template) this.pointers.delete(name);
    };
    template.then((found) => found === undefined && forget(), forget);
    return template;
  }

  private async load({ id, key }: Pick<StoredTemplate, 'id' | 'key'>, version: number): Promise<TemplateVersion> {
    const row = await this.parts.repository.findVersion(id, version);
    if (row === undefined) throw unknownVersion(key, version);
    return readVersion(key, version, row);
  }
}

export function unknownTemplate(key: string) {
  return EmailErrors.EMAIL_TEMPLATE_UNKNOWN(`There is no mail template ${key}. Use a name that GET /templates lists, or save it first.`, { details: { template: key } });
}

export function unknownVersion(key: string, version: number) {
  return EmailErrors.EMAIL_TEMPLATE_VERSION_UNKNOWN(`The mail template ${key} has no version ${version}. Use one that GET /templates/${key}/versions lists.`, { details: { template: key, version } });
}

function keep<V>(map: Map<string, V>, name: string, value: V, max: number): void {
  map.set(name, value);
  const [oldest] = map.keys();
  if (map.size > max && oldest !== undefined) map.delete(oldest);
}
