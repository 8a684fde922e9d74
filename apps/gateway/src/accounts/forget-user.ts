import { ProfileChanged, type PayloadOf } from '@angarium/contracts';
import { OnSignal } from '@angarium/transport';
import { Controller } from '@nestjs/common';
import { UserCache } from './user-cache.js';

/** Hears, in every replica, that a profile changed. */
@Controller()
export class ForgetUser {
  constructor(private readonly cache: UserCache) {}

  @OnSignal(ProfileChanged)
  onProfileChanged({ userId }: PayloadOf<typeof ProfileChanged>): void {
    this.cache.forget(userId);
  }
}
