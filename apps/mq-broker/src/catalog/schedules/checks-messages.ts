import type { TenantCaller } from '@angarium/auth';
import type { CheckedMessage, ToPublish } from '../../flow/accept/accept-message.js';

/** Checks what publishing checks; AcceptMessage does. Provided under this class as its token. */
export abstract class ChecksMessages {
  /** @throws the errors of publishing: MQ_QUEUE_NOT_FOUND, MQ_PAYLOAD_INVALID … */
  abstract check(caller: TenantCaller, input: ToPublish): Promise<CheckedMessage>;
}
