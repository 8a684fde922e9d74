/** What the page says: asks, is done, or cannot. */
export type PageState = { readonly kind: 'ask' | 'done'; readonly category: string | null } | { readonly kind: 'invalid' | 'unavailable' };

/**
 * The page behind an unsubscribe link: one heading, one sentence, at most one button. No script, nothing fetched from elsewhere, no
 * cookie. It shows nothing of the recipient: whoever was forwarded the mail sees it, too.
 */
export function unsubscribePage(state: PageState): string {
  const { title, text, form = '' } = contentOf(state);
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex"><title>${title}</title>
<style>body{font:1.125rem/1.5 system-ui,sans-serif;max-width:34rem;margin:12vh auto;padding:0 1.25rem;color:#1f2328;background:#fff}button{font:inherit;padding:.6rem 1.2rem;border:0;border-radius:.4rem;background:#0b57d0;color:#fff;cursor:pointer}button:focus-visible{outline:3px solid #1f2328;outline-offset:2px}@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}button:focus-visible{outline-color:#e6edf3}}</style>
</head>
<body><main><h1>${title}</h1><p>${text}</p>${form}</main></body>
</html>
`;
}

function contentOf(state: PageState): { title: string; text: string; form?: string } {
  switch (state.kind) {
    case 'ask':
      // to its own address: the token is in it already
      return { title: 'Unsubscribe?', text: `You will get no more ${mailsOf(state.category)} at this address.`, form: '<form method="post"><button type="submit">Unsubscribe</button></form>' };
    case 'done':
      return { title: 'You are unsubscribed', text: `You will get no more ${mailsOf(state.category)} at this address.` };
    case 'invalid':
      return { title: 'This link does not work', text: 'It is not complete, or very old. Copy the whole link from the mail, or use the link of a newer one.' };
    case 'unavailable':
      return { title: 'Not now', text: 'We cannot do this at the moment. Please try again in a few minutes.' };
  }
}

/** Categories have lower-case letters, digits and . - only; escaped all the same. */
function mailsOf(category: string | null): string {
  return category === null ? 'mails from this sender' : `mails of the kind “${category.replace(/[^a-z0-9.-]/g, '')}”`;
}
