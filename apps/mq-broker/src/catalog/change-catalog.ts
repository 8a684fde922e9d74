import type { Sql, SqlRunner } from '@angarium/database';
import { Injectable } from '@nestjs/common';
import { InjectSql } from '../sql.js';
import { CatalogSignals, type CatalogChange } from './catalog-signals.js';

export interface Changed<T> {
  readonly answer: T;
  /** What caches have to look at again. */
  readonly changes: readonly CatalogChange[];
}

/** The one door to changes of topics, subscriptions and their deliveries: all of a change or nothing, its audit entry with it, and every replica is told. */
@Injectable()
export class ChangeCatalog {
  constructor(
    @InjectSql() private readonly sql: Sql,
    private readonly signals: CatalogSignals,
  ) {}

  /** Runs `work` in one transaction and tells of its changes after the commit. What `work` throws comes out as it is, and nothing has happened. */
  async run<T>(work: (tx: SqlRunner) => Promise<Changed<T>>): Promise<T> {
    const { answer, changes } = await this.sql.transaction(work);
    for (const change of changes) this.signals.changed(change);
    return answer;
  }
}
