/**
 * A mail is hostile until shown otherwise. The page itself writes mail into the document as text only; HTML mail
 * lives in a frame without scripts, forms and origin, and loads nothing from outside unless asked to.
 */
export const pagePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "frame-src 'self'",
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Policy of the frame that shows an HTML mail. `allowRemote` lets it load images from anywhere (which tells their owner). */
export function framePolicy(allowRemote: boolean): string {
  return [
    'sandbox allow-popups allow-popups-to-escape-sandbox',
    "default-src 'none'",
    "style-src 'unsafe-inline'",
    `img-src data:${allowRemote ? ' http: https:' : ''}`,
    'font-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'self'",
  ].join('; ');
}

/** Policy of everything that is only downloaded or read by programs. */
export const inertPolicy = "sandbox; default-src 'none'; frame-ancestors 'none'";

export const commonHeaders = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
  'Cross-Origin-Resource-Policy': 'same-origin',
} as const;
