import { waitFor } from '@angarium/testing';

export interface Registered {
  readonly userId: string;
  readonly email: string;
}

/** One arrival. A mail that was sent twice arrives twice, under one Message-ID. */
export interface Mail {
  readonly id: string;
  readonly messageId: string;
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

  /** The answer to a POST with the token, whatever its status. */
  async post(path: string, body: unknown): Promise<{ status: number; body: Readonly<Record<string, unknown>> }> {
    const headers = { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' };
    const answer = await fetch(`${this.gatewayUrl}${path}`, { method: 'POST', headers, body: JSON.stringify(body), signal: deadline() });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  }

  /** What a browser gets whose user typed the token as password, or nothing. */
  async browse(path: string, isWithToken = true): Promise<{ status: number; type: string; text: string }> {
    const headers: Record<string, string> = isWithToken ? { authorization: `Basic ${Buffer.from(`check:${this.token}`).toString('base64')}` } : {};
    const answer = await fetch(`${this.gatewayUrl}${path}`, { headers, signal: deadline() });
    return { status: answer.status, type: answer.headers.get('content-type') ?? '', text: await answer.text() };
  }

  /** What arrived at each address. */
  async mails(): Promise<ReadonlyMap<string, readonly Mail[]>> {
    const answer = await fetch(`${this.inboxUrl}/api/v1/messages?limit=1000`, { signal: deadline() });
    const { messages } = (await answer.json()) as { messages: readonly { ID: string; MessageID: string; To: readonly { Address: string }[] }[] };
    const mails = new Map<string, Mail[]>();
    for (const { ID: id, MessageID: messageId, To } of messages) {
      for (const { Address } of To) mails.set(Address, [...(mails.get(Address) ?? []), { id, messageId }]);
    }
    return mails;
  }

  /** @throws Error unless the inbox has the mail. */
  async htmlOf(mailId: string): Promise<string> {
    const answer = await fetch(`${this.inboxUrl}/api/v1/message/${mailId}`, { signal: deadline() });
    if (!answer.ok) throw new Error(`the inbox answered ${answer.status} for a mail that it had listed`);
    return ((await answer.json()) as { HTML: string }).HTML;
  }

  /** Waits until every user has at least one mail. @throws Error saying how many have none. */
  async waitForMails(users: readonly Registered[], timeoutMs: number): Promise<void> {
    let missing = users;
    const haveArrived = async () => {
      const mails = await this.mails();
      missing = users.filter(({ email }) => !mails.has(email));
      return missing.length === 0;
    };
    await waitFor(haveArrived, { what: 'the mails', timeoutMs, everyMs: 100 }).catch((cause: unknown) => {
      throw new Error(`${missing.length} of ${users.length} users got no mail within ${timeoutMs} ms, among them ${missing[0]?.email}`, { cause });
    });
  }
}

const deadline = () => AbortSignal.timeout(15_000);
