import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One SMS that reached the provider, whether it said so or not. */
export interface TakenSms {
  readonly sid: string;
  readonly to: string;
  readonly body: string;
  readonly at: Date;
}

/**
 * What it does with SMS to a phone. `refuse`: by this code. `lose-answer`: takes it and cuts the connection. `fail`: takes nothing, and
 * cuts the connection all the same. `hold`: takes it and answers when it is told to.
 */
export type Behaviour = 'take' | 'lose-answer' | 'fail' | 'hold' | { readonly refuse: number };

/** A server that answers as Twilio does, for the official SDK. */
export interface FakeTwilio {
  readonly url: string;
  readonly taken: readonly TakenSms[];
  /** How often it was asked what became of an SMS. */
  readonly askedCount: number;
  takenBy(phone: string): TakenSms[];
  /** For SMS to this phone, or to every other phone (`all`), from now on. */
  behave(phone: string, behaviour: Behaviour): void;
  /** How many wait for `release`. */
  readonly heldCount: number;
  release(): void;
  reset(): void;
  stop(): Promise<void>;
}

export async function startFakeTwilio(): Promise<FakeTwilio> {
  const taken: TakenSms[] = [];
  const behaviours = new Map<string, Behaviour>();
  let held: (() => void)[] = [];
  let askedCount = 0;

  const take = (form: URLSearchParams): TakenSms => {
    const sms = { sid: `SM${randomUUID().replaceAll('-', '')}`, to: form.get('To') ?? '', body: form.get('Body') ?? '', at: new Date() };
    taken.push(sms);
    return sms;
  };
  const create = async (request: IncomingMessage, response: ServerResponse) => {
    const form = new URLSearchParams(await textOf(request));
    const behaviour = behaviours.get(form.get('To') ?? '') ?? behaviours.get('all') ?? 'take';
    if (behaviour === 'fail') return void request.socket.destroy();
    if (typeof behaviour === 'object') return answer(response, 400, { code: behaviour.refuse, message: 'refused', more_info: '', status: 400 });
    const sms = take(form);
    if (behaviour === 'lose-answer') return void request.socket.destroy();
    if (behaviour === 'hold') held.push(() => answer(response, 201, messageOf(sms)));
    else answer(response, 201, messageOf(sms));
  };
  const list = (url: URL, response: ServerResponse) => {
    askedCount++;
    const messages = taken.filter(({ to }) => to === url.searchParams.get('To')).map(messageOf);
    answer(response, 200, { messages, end: messages.length, page: 0, page_size: 50, start: 0, first_page_uri: url.pathname, next_page_uri: null, previous_page_uri: null, uri: url.pathname });
  };
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://provider');
    if (request.method === 'POST') void create(request, response);
    else list(url, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    taken,
    get askedCount() {
      return askedCount;
    },
    takenBy: (phone) => taken.filter(({ to }) => to === phone),
    behave: (phone, behaviour) => void behaviours.set(phone, behaviour),
    get heldCount() {
      return held.length;
    },
    release() {
      held.splice(0).forEach((go) => go());
    },
    reset() {
      behaviours.clear();
      held = [];
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function messageOf({ sid, to, body, at }: TakenSms): object {
  return { sid, to, body, status: 'sent', num_segments: '1', price: null, price_unit: 'USD', error_code: null, error_message: null, date_created: at.toUTCString(), date_updated: at.toUTCString(), date_sent: null };
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
