import { GetUser, type ResponseOf } from '@angarium/contracts';
import { AngariumError } from '@angarium/errors';
import { MessageBus } from '@angarium/transport';
import { Controller, Get, Param } from '@nestjs/common';
import { z } from 'zod';
import { GatewayErrors } from '../errors.js';
import { UserCache } from './user-cache.js';
import { UserRepository } from './user.repository.js';

const params = z.object({ userId: z.uuid('must be the userId that POST /register answered with') });
type UserView = ResponseOf<typeof GetUser> | (Omit<ResponseOf<typeof GetUser>, 'profile'> & { profile: null });

@Controller()
export class GetUserController {
  constructor(
    private readonly bus: MessageBus,
    private readonly users: UserRepository,
    private readonly cache: UserCache,
  ) {}

  /** A user with its profile; `profile` is null in the moment between registration and the making of the profile. */
  @Get('users/:userId')
  async getUser(@Param({ schema: params }) { userId }: z.output<typeof params>): Promise<UserView> {
    return this.cache.get(userId) ?? (await this.ask(userId));
  }

  private async ask(userId: string): Promise<UserView> {
    try {
      const user = await this.bus.send(GetUser, { userId });
      this.cache.set(user);
      return user;
    } catch (error) {
      if (!(error instanceof AngariumError) || error.code !== GatewayErrors.USER_NOT_FOUND.code) throw error;
      const registered = await this.users.find(userId);
      if (registered === undefined) throw GatewayErrors.USER_NOT_FOUND(`No user has the id ${userId}.`);
      return { userId, username: registered.username, email: registered.email, profile: null };
    }
  }
}
