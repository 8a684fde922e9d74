import { openSql, type Sql, type SqlOptions } from '@angarium/database';
import { HealthRegistry } from '@angarium/service-shell';
import { Inject, Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';

export const SQL = Symbol('sql');

/** The broker's Postgres: `@InjectSql() private readonly sql: Sql`. */
export const InjectSql = (): ParameterDecorator & PropertyDecorator => Inject(SQL);

class SqlLifetime implements OnApplicationShutdown {
  constructor(private readonly sql: Sql) {}

  onApplicationShutdown(): Promise<void> {
    return this.sql.end();
  }
}

/** Opens Postgres for the whole application; it may be away at start. */
@Module({})
export class SqlModule {
  static forRoot(options: SqlOptions): DynamicModule {
    const open = { provide: SQL, useFactory: () => openSql(options) };
    const lifetime = {
      provide: SqlLifetime,
      useFactory: (sql: Sql, health: HealthRegistry) => {
        health.add(sql.health());
        return new SqlLifetime(sql);
      },
      inject: [SQL, HealthRegistry],
    };
    return { module: SqlModule, global: true, providers: [open, lifetime], exports: [SQL] };
  }

  /** Around one that exists, for tests. */
  static around(sql: Sql): DynamicModule {
    return { module: SqlModule, global: true, providers: [{ provide: SQL, useValue: sql }], exports: [SQL] };
  }
}
