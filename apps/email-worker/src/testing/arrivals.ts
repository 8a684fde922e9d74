import type { Inbox } from '@angarium/testing';

/** When the mails came in that were to an address with this end, in ms since 1970, oldest first. */
export async function arrivals(inbox: Inbox, addressEnd = ''): Promise<number[]> {
  const { messages } = (await (await fetch(`${inbox.httpUrl}/api/v1/messages?limit=${inbox.count}`)).json()) as { messages: { Created: string; To: { Address: string }[] }[] };
  const wanted = messages.filter(({ To }) => To[0]?.Address.endsWith(addressEnd));
  return wanted.map(({ Created }) => Date.parse(Created)).sort((a, b) => a - b);
}

/**
 * How many mails more than a limit allows (a second's worth at once, then one by one) were in at the worst moment; negative: never as many.
 * Counted since `begunAt`, before anybody could ask for a turn: what was delayed on its way came later, never earlier, so a busy machine
 * makes no excess.
 */
export function worstExcess(at: readonly number[], begunAt: number, ratePerSecond: number): number {
  return Math.max(...at.map((moment, index) => index + 1 - ratePerSecond * (1 + (moment - begunAt) / 1_000)));
}
