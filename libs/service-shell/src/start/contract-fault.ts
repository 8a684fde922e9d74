import { SharedErrors, type AngariumError } from '@angarium/errors';

interface Issue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** INVALID_INPUT that names the path of every bad field of a request; never its value. */
export function contractFault(issues: readonly Issue[]): AngariumError {
  const faults = issues.map(({ path = [], message }) => ({
    path: path.map((segment) => String(typeof segment === 'object' ? segment.key : segment)).join('.') || '(whole)',
    message,
  }));
  const text = faults.map((fault) => `${fault.path}: ${fault.message}`).join('; ');
  return SharedErrors.INVALID_INPUT(`The request does not fit: ${text}`, { details: { faults } });
}
