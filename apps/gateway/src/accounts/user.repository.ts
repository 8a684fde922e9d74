import type { EncodedEvent } from '@angarium/contracts';
import { addToOutbox, databaseHealth, InjectDatabase, isUniqueViolation, type Database } from '@angarium/database';
import { HealthRegistry } from '@angarium/service-shell';
import { Injectable } from '@nestjs/common';
import { GatewayErrors } from '../errors.js';
import type { RegisteredUser } from './registered-user.js';

export interface NewUser {
  readonly email: string;
  readonly username: string;
  readonly passwordHash: string;
}

@Injectable()
export class UserRepository {
  constructor(
    @InjectDatabase() private readonly database: Database<'accounts'>,
    health: HealthRegistry,
  ) {
    health.add(databaseHealth(database));
  }

  /** Stores a user and the event that states it, in one transaction. @throws EMAIL_TAKEN, USERNAME_TAKEN */
  async create(user: NewUser, eventOf: (created: RegisteredUser) => EncodedEvent): Promise<RegisteredUser> {
    try {
      return await this.database.$transaction(async (tx) => {
        const stored = await tx.user.create({ data: { ...user, emailKey: user.email.toLowerCase() } });
        const created = toRegisteredUser(stored);
        await addToOutbox(tx, eventOf(created));
        return created;
      });
    } catch (error) {
      if (isUniqueViolation(error, 'users_email_key_key')) throw GatewayErrors.EMAIL_TAKEN();
      if (isUniqueViolation(error, 'users_username_key')) throw GatewayErrors.USERNAME_TAKEN();
      throw error;
    }
  }

  async find(userId: string): Promise<RegisteredUser | undefined> {
    const stored = await this.database.user.findUnique({ where: { id: userId } });
    return stored === null ? undefined : toRegisteredUser(stored);
  }
}

function toRegisteredUser(user: { id: string; email: string; username: string; createdAt: Date }): RegisteredUser {
  return { userId: user.id, email: user.email, username: user.username, createdAt: user.createdAt.toISOString() };
}
