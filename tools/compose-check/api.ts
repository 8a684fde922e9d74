import { waitFor } from '@angarium/testing';

export interface Registered {
  readonly userId: string;
  readonly email: string;
}

/** The system as a caller outside of it sees it: the gateway, and the inbox in which its mails arrive. */
export class Api {
  constructor(
    private readonly gatewayUrl: string,
    private readonly inboxUrl: string,
    private readonly token: string,
    readonly brokerUrl: string,
  ) {}

  /** @throws Error unless the answer is 201. */
  async register(name: string): Promise<Registered> {
    const body = JSON.stringify({ email: `${name}@example.com`, username: name, password: 'correct horse battery' });
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${this.gatewayUrl}/register`, { method: 'POST', headers, body, signal: deadline() });
    if (answer.status !== 201) throw new Error(`POST /register answered ${answer.status}: ${await answer.text()}`);
    return (await answer.json()) as Registered;
  }

  /** The status of a GET with or without the token, and its body as JSON. */
  async get(path: string, isWithToken = true): Promise<{ status: number; body: Readonly<Record<string, unknown>> }> {
    const headers: Record<string, string> = isWithToken ? { authorization: `Bearer ${this.token}` } : {};
    const answer = await fetch(`${this.gatewayUrl}${path}`, { headers, signal: deadline() });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  }

  /** How many mails each address has. */
  async mailCounts(): Promise<ReadonlyMap<string, number>> {
    const answer = await fetch(`${this.inboxUrl}/api/v1/messages?limit=1000`, { signal: deadline() });
    const { messages } = (await answer.json()) as { messages: readonly { To: readonly { Address: string }[] }[] };
    const counts = new Map<string, number>();
    for (const { Address } of messages.flatMap(({ To }) => To)) counts.set(Address, (counts.get(Address) ?? 0) + 1);
    return counts;
  }

  /** Waits until every user has at least one mail. @throws Error saying how many have none. */
  async waitForMails(users: readonly Registered[], timeoutMs: number): Promise<void> {
    let missing = users;
    const haveArrived = async () => {
      const counts = await this.mailCounts();
      missing = users.filter(({ email }) => !counts.has(email));
      return missing.length === 0;
    };
    await waitFor(haveArrived, { what: 'the mails', timeoutMs, everyMs: 100 }).catch((cause: unknown) => {
      throw new Error(`${missing.length} of ${users.length} users got no mail within ${timeoutMs} ms, among them ${missing[0]?.email}`, { cause });
    });
  }
}

const deadline = () => AbortSignal.timeout(15_000);
