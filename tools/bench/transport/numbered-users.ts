import type { GetUser, PayloadOf, ResponseOf, UserCreated } from '@angarium/contracts';

export type User = PayloadOf<typeof UserCreated>;
export type Question = PayloadOf<typeof GetUser>;
export type Answer = ResponseOf<typeof GetUser>;

/** Phases tell late messages of one measurement from those of the next; three hexadecimal digits are free for them in a UUID. */
export const PHASES = 0xfff;

/** The id carries phase and number, so that the receiver can keep a ledger and knows when the message was meant to be sent. */
export function userId(phase: number, n: number): string {
  return `0190a6f0-7c1e-7b3a-9${phase.toString(16).padStart(3, '0')}-${String(n).padStart(12, '0')}`;
}

/** A payload of about 200 bytes of JSON, each with an id of its own. */
export function userOf(phase: number, n: number): User {
  return {
    userId: userId(phase, n),
    email: 'augusta.ada.king-noel.countess.of.lovelace@analytical-engine.example.com',
    username: 'augusta-ada-king-noel',
    createdAt: '2026-11-20T08:30:00.000Z',
  };
}

export function phaseOf(id: string): number {
  return Number.parseInt(id.slice(20, 23), 16);
}

export function numberOf(id: string): number {
  return Number(id.slice(24));
}

/** What every contender's handler answers. */
export function answerTo({ userId }: Question): Answer {
  return {
    userId,
    username: 'augusta-ada-king-noel',
    email: 'augusta.ada.king-noel.countess.of.lovelace@analytical-engine.example.com',
    profile: { displayName: 'Ada', bio: '', createdAt: '2026-11-20T08:30:00.400Z' },
  };
}
