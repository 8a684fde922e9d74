import { SYSTEM_TENANT } from '@angarium/contracts';
import { currentContext } from '@angarium/observability';

/** Whose request this is: the gateway says so in the context, from the caller's credential. */
export function currentTenant(): string {
  return currentContext()?.tenant ?? SYSTEM_TENANT;
}
