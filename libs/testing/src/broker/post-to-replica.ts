import { setTimeout as pause } from 'node:timers/promises';

const REFUSED_TRIES = 40;
const REFUSED_PAUSE_MS = 25;

export interface ReplicaPost {
  /** The replicas that run now, asked before each try. */
  readonly urls: () => readonly string[];
  /** Which replica is tried first. */
  readonly nth: number;
  readonly apiKey: string;
  /** `/publish`, below /api/v1/mq. */
  readonly path: string;
  readonly body: object;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** Refused connections are given up when this is false. */
  readonly mayGoOn?: () => boolean;
  /** Told before each try. */
  readonly onTry?: (url: string) => void;
}

export interface ReplicaAnswer {
  readonly status: number;
  readonly text: string;
}

/** No answer came, and nobody knows whether the call was carried out. `code`: `ECONNRESET`, `TimeoutError`, … */
export class NoAnswer extends Error {
  constructor(
    readonly code: string,
    cause: unknown,
  ) {
    super(`no answer: ${code}`, { cause });
  }
}

/**
 * POSTs to one replica; a refused connection, which proves that nothing was done, is tried at the next one, for a second.
 * @returns any answer, whatever its status. @throws NoAnswer
 */
export async function postToReplica(post: ReplicaPost): Promise<ReplicaAnswer> {
  const { urls, nth, apiKey, path, body, headers = {}, timeoutMs, mayGoOn = () => true, onTry } = post;
  let refusal: unknown;
  for (let tries = 0; tries < REFUSED_TRIES && (tries === 0 || mayGoOn()); tries++) {
    const running = urls();
    const url = running[(nth + tries) % running.length];
    try {
      // nobody runs now; somebody may in a moment
      if (url !== undefined) {
        onTry?.(url);
        const response = await fetch(`${url}/api/v1/mq${path}`, {
          method: 'POST',
          headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json', ...headers },
          body: JSON.stringify(body),
          signal: AbortSignal.timeout(timeoutMs),
        });
        return { status: response.status, text: await response.text() };
      }
    } catch (error) {
      const code = codeOf(error);
      if (code !== 'ECONNREFUSED') throw new NoAnswer(code, error);
      refusal = error;
    }
    await pause(REFUSED_PAUSE_MS);
  }
  throw new NoAnswer('ECONNREFUSED', refusal);
}

function codeOf(error: unknown): string {
  const { name, cause } = error as Error;
  return (cause as { code?: string } | undefined)?.code ?? name;
}
