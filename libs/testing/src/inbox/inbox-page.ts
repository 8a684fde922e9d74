export { inboxScript } from './inbox-script.js';
export { inboxStyle } from './inbox-style.js';

/** The page of the inbox. Whatever a mail says is put in by the script, as text and never as HTML. */
export const inboxPage = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Inbox</title>
<link rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect y='3' width='16' height='10' rx='2' fill='%23b4532a'/%3E%3Cpath d='M1 4l7 5 7-5' fill='none' stroke='%23fff' stroke-width='1.4'/%3E%3C/svg%3E">
<link rel="stylesheet" href="/inbox.css">
<script src="/inbox.js" defer></script>
</head>
<body>
<header>
  <h1><svg viewBox="0 0 24 24" aria-hidden="true"><rect x="2" y="5" width="20" height="14" rx="3"/><path d="M3.5 7l8.5 6 8.5-6"/></svg>Inbox</h1>
  <span id="count" role="status"></span>
  <input id="filter" type="search" placeholder="Filter by address or subject" aria-label="Filter by address or subject">
  <span id="state" title="How fresh the list is"></span>
  <button id="clear" type="button">Delete all</button>
</header>
<main>
  <nav id="list" aria-label="Mails"></nav>
  <section id="mail" aria-live="polite">
    <div id="empty">
      <svg viewBox="0 0 24 24" aria-hidden="true"><path d="M3 13l3-8h12l3 8v5a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2zM3 13h5l1.5 3h5L16 13h5"/></svg>
      <p id="empty-title"></p>
      <p id="empty-hint"></p>
    </div>
    <article id="reader" hidden>
      <h2 id="subject"></h2>
      <dl id="facts"></dl>
      <ul id="files" hidden></ul>
      <div id="tabs" role="tablist">
        <button type="button" role="tab" data-tab="html">HTML</button>
        <button type="button" role="tab" data-tab="text">Text</button>
        <button type="button" role="tab" data-tab="raw">Source</button>
        <label id="remote" hidden><input type="checkbox"> load remote images</label>
      </div>
      <iframe id="frame" title="The mail" sandbox="allow-popups allow-popups-to-escape-sandbox" referrerpolicy="no-referrer"></iframe>
      <pre id="plain" tabindex="0"></pre>
    </article>
  </section>
</main>
</body>
</html>
`;
