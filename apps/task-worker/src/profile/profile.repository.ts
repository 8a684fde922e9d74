import type { GetUser, ResponseOf } from '@angarium/contracts';
import { databaseHealth, InjectDatabase, type Database } from '@angarium/database';
import { HealthRegistry } from '@angarium/service-shell';
import { Injectable } from '@nestjs/common';

@Injectable()
export class ProfileRepository {
  constructor(
    @InjectDatabase() private readonly database: Database<'tasks'>,
    health: HealthRegistry,
  ) {
    health.add(databaseHealth(database));
  }

  /** Idempotent by user id. @returns whether the profile is new. */
  async createOnce(profile: { userId: string; username: string; email: string; displayName: string }): Promise<boolean> {
    const { count } = await this.database.profile.createMany({ data: [profile], skipDuplicates: true });
    return count === 1;
  }

  async find(userId: string): Promise<ResponseOf<typeof GetUser> | undefined> {
    const row = await this.database.profile.findUnique({ where: { userId } });
    if (row === null) return undefined;
    const { username, email, displayName, bio, createdAt } = row;
    return { userId, username, email, profile: { displayName, bio, createdAt: createdAt.toISOString() } };
  }
}
