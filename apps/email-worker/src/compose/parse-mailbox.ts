import { isAddress } from './is-address.js';
import { isHeaderText } from './is-header-text.js';
import type { Mailbox } from './mail.js';

const withName = /^(?:"((?:[^"\\]|\\["\\])*)"|([^"<>@,;:\\()[\]]*?))\s*<([^<>]+)>$/;

/**
 * Reads one sender: `name@domain`, `Name <name@domain>` or `"Name, with signs" <name@domain>`.
 * Strict on purpose: what is not plainly one mailbox (lists, groups, comments, line ends) is none.
 * @returns undefined when it is no such text.
 */
export function parseMailbox(text: string): Mailbox | undefined {
  if (!isHeaderText(text) || text.length > 320) return undefined;
  const trimmed = text.trim();
  if (isAddress(trimmed)) return { address: trimmed };
  const [, quoted, plain, address] = withName.exec(trimmed) ?? [];
  if (address === undefined || !isAddress(address)) return undefined;
  const name = (quoted?.replace(/\\(["\\])/g, '$1') ?? plain ?? '').trim();
  return name === '' ? { address } : { name, address };
}
