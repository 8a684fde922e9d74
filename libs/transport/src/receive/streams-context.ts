import type { EventAttributes } from '@angarium/contracts';
import { BaseRpcContext } from '@nestjs/microservices';

/** What a handler may know of its message besides the payload: `@Ctx() context: StreamsContext`. */
export class StreamsContext extends BaseRpcContext<[EventAttributes, string, string, number]> {
  /** CloudEvents attributes: id, source, type, time, subject, tenant, correlationid … */
  getAttributes(): EventAttributes {
    return this.args[0];
  }

  getStream(): string {
    return this.args[1];
  }

  /** Id of the stream entry; the message's own id is `getAttributes().id`. */
  getEntryId(): string {
    return this.args[2];
  }

  /** 1 for the first try. */
  getAttempt(): number {
    return this.args[3];
  }
}
