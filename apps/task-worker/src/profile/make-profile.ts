import { GetUser, ProfileChanged, UserCreated, type PayloadOf, type ResponseOf } from '@angarium/contracts';
import { ignoreError } from '@angarium/errors';
import type { Logger } from '@angarium/observability';
import { InjectLogger } from '@angarium/service-shell';
import { OnEvent, OnRequest, sendSignal } from '@angarium/transport';
import { Controller, Inject } from '@nestjs/common';
import type { ClientProxy } from '@nestjs/microservices';
import { TaskWorkerErrors } from '../errors.js';
import { SIGNALS } from '../signals.js';
import { ProfileRepository } from './profile.repository.js';

/** Keeps the profiles: makes one for each new user, answers who a user is. */
@Controller()
export class MakeProfile {
  constructor(
    private readonly profiles: ProfileRepository,
    @Inject(SIGNALS) private readonly signals: ClientProxy,
    @InjectLogger() private readonly logger: Logger,
  ) {}

  /** Once per user, whatever is redelivered. */
  @OnEvent(UserCreated)
  async onUserCreated({ userId, username, email }: PayloadOf<typeof UserCreated>): Promise<void> {
    const isNew = await this.profiles.createOnce({ userId, username, email, displayName: username });
    if (!isNew) return;
    this.logger.info({ userId }, 'profile made');
    // nobody waits for a hint: a replica that misses it asks again when its copy is old
    void sendSignal(this.signals, ProfileChanged, { userId }).catch(ignoreError(this.logger, 'make-profile.signal', 'the cached copy ends by itself'));
  }

  /** @throws USER_NOT_FOUND */
  @OnRequest(GetUser)
  async getUser({ userId }: PayloadOf<typeof GetUser>): Promise<ResponseOf<typeof GetUser>> {
    const user = await this.profiles.find(userId);
    if (user === undefined) throw TaskWorkerErrors.USER_NOT_FOUND(`No profile was made for user ${userId}.`);
    return user;
  }
}
