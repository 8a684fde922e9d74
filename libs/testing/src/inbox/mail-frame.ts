import type { ReadMail } from './read-mail.js';

const images = /^image\/(png|jpe?g|gif|webp|avif|bmp|x-icon)$/;

/**
 * The document of the frame that shows an HTML mail: the mail as it is, links open in a new tab, and images that the mail
 * carries (`cid:`) stand in place. Its safety lies in the policy it is sent with, not in this text.
 */
export function mailFrame({ message, parts }: ReadMail): string {
  const carried = new Map([...parts.values()].filter(({ part }) => part.ContentID !== '' && images.test(part.ContentType)).map((it) => [it.part.ContentID, it]));
  const html = message.HTML.replace(/(["'(=]\s*)cid:([^"'()\s>]+)/gi, (whole, before: string, id: string) => {
    const found = carried.get(decode(id));
    return found === undefined ? whole : `${before}data:${found.part.ContentType};base64,${Buffer.from(found.content).toString('base64')}`;
  });
  return `<!doctype html><meta charset="utf-8"><base target="_blank"><style>body{font:15px/1.5 system-ui,sans-serif;margin:16px;color:#1c1e21;background:#fff}</style>${html}`;
}

function decode(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch {
    // Not percent-encoded, as most mails have it.
    return id;
  }
}
