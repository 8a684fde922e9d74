import { SharedErrors, type AngariumError } from '@angarium/errors';

/** INVALID_INPUT for a field that only the catalogue can judge, in the form that the contract's own checks have. */
export function invalidField(path: string, message: string): AngariumError {
  return SharedErrors.INVALID_INPUT(`The request does not fit: ${path}: ${message}`, { details: { faults: [{ path, message }] } });
}
