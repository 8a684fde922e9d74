import { UserCreated, type PayloadOf } from '@angarium/contracts';

/** The n-th of many users that differ in their id only. */
export function user(n: number): PayloadOf<typeof UserCreated> {
  return { ...UserCreated.example, userId: `0190a6f0-7c1e-7b3a-9d52-${String(n).padStart(12, '0')}` };
}
