import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { EgressErrors } from './errors.js';

type Answer = (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void;

/** Resolves a name to all its addresses, like `dns.lookup` with `all: true`. */
export type ResolveAll = (hostname: string, options: { readonly all: true }, answer: Answer) => void;

/**
 * Requests for the same name share one lookup: the system's resolver has four threads for the whole process,
 * and one receiver with a slow DNS server would occupy all of them.
 */
export function sharedLookup(resolve: ResolveAll = systemLookup): ResolveAll {
  const waiting = new Map<string, Answer[]>();
  return (hostname, options, answer) => {
    const others = waiting.get(hostname);
    if (others) return void others.push(answer);
    const all = [answer];
    waiting.set(hostname, all);
    resolve(hostname, options, (error, addresses) => {
      waiting.delete(hostname);
      for (const each of all) each(error, addresses);
    });
  };
}

/**
 * A lookup for sockets that knows only addresses that pass: the socket connects to one of those that were checked,
 * so a name that changes between check and connect gains nothing.
 */
export function guardedLookup(resolve: ResolveAll, mayConnect: (address: string) => boolean): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { all: true }, (error, addresses) => {
      if (error) return callback(error, []);
      const vetted = addresses.filter(({ address }) => mayConnect(address));
      const [first] = vetted;
      if (first === undefined) return callback(notPublic(hostname), []);
      if (options.all) return callback(null, vetted);
      callback(null, first.address, first.family);
    });
  };
}

/** The verdict is `later`: DNS can be put right, unlike a URL. */
export function notPublic(hostname: string): Error {
  const message = `The name ${hostname} leads to no public address. Let it resolve to an address that is reachable from the internet.`;
  return EgressErrors.EGRESS_TARGET_REFUSED(message, { retry: 'later' });
}
