import { sandboxPhones } from './sandbox-phones.js';

const icon =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cpath d='M2 2h12a2 2 0 0 1 2 2v6a2 2 0 0 1-2 2H7l-4 3v-3H2a2 2 0 0 1-2-2V4a2 2 0 0 1 2-2z' fill='%232f6f8f'/%3E%3C/svg%3E";

const rows = sandboxPhones.map(({ phone, meaning }) => `<tr><td><code>${phone}</code></td><td>${meaning}</td></tr>`).join('\n');

/** The page of the sandbox. Whatever an SMS says is put in by the script, as text and never as HTML. */
export const sandboxPage = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>SMS sandbox</title>
<link rel="icon" href="${icon}">
<link rel="stylesheet" href="/sandbox/page.css">
<script src="/sandbox/page.js" defer></script>
</head>
<body>
<header>
  <h1><svg viewBox="0 0 24 24" aria-hidden="true"><path d="M5 4h14a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2h-8l-5 4v-4H5a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2zM7.5 9h9M7.5 12.5h6"/></svg>SMS sandbox</h1>
  <span id="count" role="status"></span>
  <input id="filter" type="search" placeholder="Filter by phone or text" aria-label="Filter by phone or text">
  <span id="state" title="How fresh the list is"></span>
  <button id="clear" type="button">Delete all</button>
</header>
<main>
  <nav id="list" aria-label="Phones"></nav>
  <section aria-label="SMS to the phone">
    <div id="empty">
      <svg viewBox="0 0 24 24" aria-hidden="true"><rect x="6.5" y="2.5" width="11" height="19" rx="2.5"/><path d="M11 18.5h2"/></svg>
      <p id="empty-title"></p>
      <p id="empty-hint"></p>
    </div>
    <div id="phone" hidden>
      <h2 id="number"></h2>
      <ol id="messages" aria-live="polite" tabindex="0"></ol>
    </div>
    <details>
      <summary>Phones that misbehave, for trying out what goes wrong</summary>
      <table>
<thead><tr><th scope="col">Phone</th><th scope="col">What happens</th></tr></thead>
<tbody>
${rows}
</tbody>
      </table>
    </details>
  </section>
</main>
<noscript><p>This page needs JavaScript. The same as JSON: <a href="/sandbox/messages">/sandbox/messages</a></p></noscript>
</body>
</html>
`;
