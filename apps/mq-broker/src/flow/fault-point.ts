/** Places between two stages at which a test lets a replica die, to see that nothing is lost there. In the order of a message's journey. */
export const faultPoints = ['accepted', 'committed', 'answered', 'appended', 'taken', 'delivered', 'parked'] as const;
export type FaultPoint = (typeof faultPoints)[number];

let armed: { readonly point: FaultPoint; passes: number } | undefined;

/** Lets this process be killed when it passes a point for the n-th time. For tests; see MQ_DIE_AT. */
export function armFaultPoint(point: FaultPoint, passes: number): void {
  armed = { point, passes };
}

/** Costs nothing unless armed. */
export function passFaultPoint(point: FaultPoint): void {
  if (armed === undefined || armed.point !== point) return;
  armed.passes -= 1;
  // as a power cut would: nothing runs afterwards, no handler and no flush
  if (armed.passes <= 0) process.kill(process.pid, 'SIGKILL');
}
