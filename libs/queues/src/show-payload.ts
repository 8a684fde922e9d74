import { catalogue, type JobContract } from '@angarium/contracts';

const HIDDEN = '(hidden)';
const contracts: ReadonlyMap<string, JobContract> = new Map(catalogue.jobs.map((contract) => [contract.name, contract]));

/**
 * A job's payload as lists and pages show it: without mail bodies, codes and credentials, and with a part only of addresses and phones.
 * A job type that this system does not know is shown without any of its values. Pure.
 */
export function showPayload(jobName: string, payload: unknown): unknown {
  const contract = contracts.get(jobName);
  if (contract === undefined) return payload === undefined ? undefined : HIDDEN;
  let shown = payload;
  for (const path of [...(contract.hidden ?? []), ...(contract.sealed ?? [])]) shown = change(shown, path.split('.'), () => HIDDEN);
  for (const path of contract.masked ?? []) shown = change(shown, path.split('.'), mask);
  return shown;
}

/** A copy in which what stands at the path is changed; a list on the way is changed in every item. */
function change(value: unknown, path: readonly string[], how: (value: unknown) => unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return how(value);
  if (Array.isArray(value)) return step === '*' ? value.map((item) => change(item, rest, how)) : value;
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return value;
  return { ...value, [step]: change((value as Record<string, unknown>)[step], rest, how) };
}

/** `ada@example.com` becomes `a…@example.com`, `+8613800138000` becomes `…8000`. */
function mask(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(mask);
  if (typeof value !== 'string') return HIDDEN;
  const at = value.lastIndexOf('@');
  return at > 0 ? `${value.slice(0, 1)}…${value.slice(at)}` : `…${value.slice(-4)}`;
}
