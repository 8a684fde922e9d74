import { UserCreated } from '@angarium/contracts';
import { OutboxRelay } from '@angarium/database';
import { encodeEvent, MessageBus } from '@angarium/transport';
import { Injectable } from '@nestjs/common';
import { hashPassword } from './hash-password.js';
import type { RegisteredUser } from './registered-user.js';
import { UserRepository } from './user.repository.js';

@Injectable()
export class RegisterUser {
  constructor(
    private readonly users: UserRepository,
    private readonly bus: MessageBus,
    private readonly relay: OutboxRelay,
  ) {}

  /**
   * Stores the user together with its event: both or neither. The event is on its way when this resolves.
   * @throws EMAIL_TAKEN, USERNAME_TAKEN, DATABASE_UNAVAILABLE (then nothing is stored).
   */
  async run(registration: { email: string; username: string; password: string }): Promise<RegisteredUser> {
    const { email, username, password } = registration;
    const passwordHash = await hashPassword(password);
    const user = await this.users.create({ email, username, passwordHash }, (created) => encodeEvent(UserCreated, created, this.bus.source));
    this.relay.kick();
    return user;
  }
}
