import { UnsubscribeEmail } from '@angarium/contracts';
import { ShowUnsubscribe, Unsubscribe } from '@angarium/contracts/gateway-api';
import { toAngariumError } from '@angarium/errors';
import { Route, type RouteCall } from '@angarium/service-shell';
import { MessageBus } from '@angarium/transport';
import { Controller } from '@nestjs/common';
import { unsubscribePage, type PageState } from './unsubscribe-page.js';

const pageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'x-robots-tag': 'noindex',
};
const statusOf: Readonly<Record<PageState['kind'], number>> = { ask: 200, done: 200, invalid: 404, unavailable: 503 };
type Call = RouteCall<typeof ShowUnsubscribe> | RouteCall<typeof Unsubscribe>;

/** What an unsubscribe link leads to. Looking changes nothing; any POST is the wish, whether a person's button or a mail program's one click. */
@Controller()
export class UnsubscribeController {
  constructor(private readonly bus: MessageBus) {}

  @Route(ShowUnsubscribe)
  show(call: RouteCall<typeof ShowUnsubscribe>): Promise<string> {
    return this.answer(call, false);
  }

  @Route(Unsubscribe)
  unsubscribe(call: RouteCall<typeof Unsubscribe>): Promise<string> {
    return this.answer(call, true);
  }

  private async answer(call: Call, isConfirmed: boolean): Promise<string> {
    const state = await this.ask(call.params.token, isConfirmed);
    for (const [name, value] of Object.entries(pageHeaders)) call.setHeader(name, value);
    call.setStatus(statusOf[state.kind]);
    return unsubscribePage(state);
  }

  private async ask(token: string, isConfirmed: boolean): Promise<PageState> {
    try {
      const { category } = await this.bus.send(UnsubscribeEmail, { token, isConfirmed });
      return { kind: isConfirmed ? 'done' : 'ask', category };
    } catch (error) {
      return { kind: toAngariumError(error).code === 'EMAIL_UNSUBSCRIBE_LINK_INVALID' ? 'invalid' : 'unavailable' };
    }
  }
}
