/**
 * Script of the inbox page. It asks for the list every 1.5 seconds while the page is seen, and writes what mails say
 * with textContent only; links are made for http and https addresses alone.
 */
export const inboxScript = String.raw`'use strict';
const POLL_MS = 1500;
const SHOWN = 200;
const $ = (id) => document.getElementById(id);
const make = (tag, text, className) => {
  const it = document.createElement(tag);
  if (text !== undefined) it.textContent = text;
  if (className) it.className = className;
  return it;
};
let mails = [];
let total = 0;
let loaded = false;
let seen = null;
let current = null;
let tab = 'html';

const person = (it) => (it ? it.Name || it.Address : '');
const full = (it) => (it.Name ? it.Name + ' <' + it.Address + '>' : it.Address);
const size = (bytes) => (bytes < 1024 ? bytes + ' B' : bytes < 1048576 ? (bytes / 1024).toFixed(1) + ' kB' : (bytes / 1048576).toFixed(1) + ' MB');
const when = (iso) => {
  const date = new Date(iso);
  const sameDay = date.toDateString() === new Date().toDateString();
  return sameDay ? date.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit' }) : date.toLocaleDateString();
};
const receivers = (mail) => mail.To.concat(mail.Cc, mail.Bcc);

function drawList() {
  const wanted = $('filter').value.trim().toLowerCase();
  const fits = (mail) => [mail.Subject, full(mail.From)].concat(receivers(mail).map(full)).join('\n').toLowerCase().includes(wanted);
  const rows = mails.filter(fits).map((mail) => {
    const row = make('button');
    row.type = 'button';
    row.dataset.id = mail.ID;
    if (seen && !seen.has(mail.ID)) row.className = 'new';
    if (current && current.ID === mail.ID) row.setAttribute('aria-current', 'true');
    const to = receivers(mail);
    row.append(
      make('b', 'To ' + (person(to[0]) || '(nobody)') + (to.length > 1 ? ' and ' + (to.length - 1) + ' more' : '')),
      make('time', when(mail.Created)),
      make('span', mail.Subject || '(no subject)', 'subject'),
      make('small', (mail.Attachments ? mail.Attachments + (mail.Attachments === 1 ? ' file' : ' files') + ' · ' : '') + (mail.Snippet || '(no text)')),
    );
    row.addEventListener('click', () => open(mail.ID));
    return row;
  });
  if (mails.length && !rows.length) rows.push(make('p', 'No mail among these fits "' + $('filter').value + '".'));
  if (total > mails.length && !wanted) rows.push(make('p', 'The newest ' + mails.length + ' of ' + total + ' are shown; the API has them all.'));
  const focused = document.activeElement && document.activeElement.dataset ? document.activeElement.dataset.id : undefined;
  $('list').replaceChildren(...rows);
  if (focused) { const row = rows.find((it) => it.dataset && it.dataset.id === focused); if (row) row.focus({ preventScroll: true }); }
  $('count').textContent = total === 1 ? '1 mail' : total + ' mails';
  $('clear').disabled = total === 0;
  document.title = total ? '(' + total + ') Inbox' : 'Inbox';
  $('empty').hidden = current !== null || !loaded;
  $('reader').hidden = current === null;
  $('empty-title').textContent = total ? 'Choose a mail' : 'No mail yet';
  $('empty-hint').textContent = total ? 'Arrow keys go through the list.' : 'Whatever the services send arrives here, and nowhere else.\nThis page refreshes itself.';
}

function drawMail() {
  const mail = current;
  $('subject').textContent = mail.Subject || '(no subject)';
  const facts = [['From', full(mail.From)], ['To', mail.To.map(full).join(', ')], ['Cc', mail.Cc.map(full).join(', ')], ['Bcc', mail.Bcc.map(full).join(', ')],
    ['Reply to', mail.ReplyTo.map(full).join(', ')], ['Date', new Date(mail.Date).toLocaleString() + ' · ' + size(mail.Size)]];
  $('facts').replaceChildren(...facts.filter((it) => it[1]).flatMap((it) => [make('dt', it[0]), make('dd', it[1])]));
  $('files').hidden = mail.Attachments.length === 0;
  $('files').replaceChildren(...mail.Attachments.map((file) => {
    const link = make('a', (file.FileName || 'attachment') + ' · ' + size(file.Size));
    link.href = '/api/v1/message/' + mail.ID + '/part/' + encodeURIComponent(file.PartID);
    link.download = '';
    const item = make('li');
    item.append(link);
    return item;
  }));
  $('remote').hidden = !/(src|background)\s*=\s*["']?\s*https?:|url\(\s*["']?https?:/i.test(mail.HTML);
  $('remote').firstChild.checked = false;
  show(mail.HTML ? tab : tab === 'raw' ? 'raw' : 'text');
}

async function show(which) {
  const mail = current;
  for (const button of document.querySelectorAll('[data-tab]')) {
    button.setAttribute('aria-selected', String(button.dataset.tab === which));
    if (button.dataset.tab === 'html') button.disabled = !mail.HTML;
  }
  $('frame').hidden = which !== 'html';
  $('plain').hidden = which === 'html';
  if (which === 'html') {
    const address = '/view/' + mail.ID + '.html' + ($('remote').firstChild.checked ? '?remote=1' : '');
    if ($('frame').getAttribute('src') !== address) $('frame').src = address;
  } else if (which === 'text') {
    $('plain').replaceChildren(...linked(mail.Text || '(this mail has no text)'));
  } else {
    $('plain').textContent = '…';
    const answer = await fetch('/api/v1/message/' + mail.ID + '/raw');
    const source = answer.ok ? await answer.text() : '(this mail is no longer here)';
    if (current === mail) $('plain').textContent = source;
  }
}

function linked(text) {
  return text.split(/(https?:\/\/[^\s<>"']+)/).map((piece, index) => {
    if (index % 2 === 0) return document.createTextNode(piece);
    const link = make('a', piece);
    link.href = piece;
    link.target = '_blank';
    link.rel = 'noopener noreferrer';
    return link;
  });
}

async function open(id) {
  const answer = await fetch('/api/v1/message/' + encodeURIComponent(id));
  if (!answer.ok) return refresh();
  current = await answer.json();
  if (seen) seen.add(id);
  drawMail();
  drawList();
}

async function refresh() {
  try {
    const answer = await fetch('/api/v1/messages?limit=' + SHOWN);
    if (!answer.ok) throw new Error('HTTP ' + answer.status);
    const next = await answer.json();
    const changed = !loaded || next.total !== total || next.messages.map((it) => it.ID).join() !== mails.map((it) => it.ID).join();
    mails = next.messages;
    total = next.total;
    if (!seen) seen = new Set(mails.map((it) => it.ID));
    if (current && total === 0) current = null;
    loaded = true;
    $('state').className = '';
    $('state').textContent = 'live';
    if (changed) drawList();
  } catch {
    $('state').className = 'away';
    $('state').textContent = 'the inbox does not answer';
  }
}

async function poll() {
  if (!document.hidden) await refresh();
  setTimeout(poll, POLL_MS);
}

$('filter').addEventListener('input', drawList);
$('clear').addEventListener('click', async () => {
  if (!confirm('Delete all ' + total + ' mails?')) return;
  await fetch('/api/v1/messages', { method: 'DELETE' });
  current = null;
  await refresh();
});
for (const button of document.querySelectorAll('[data-tab]')) {
  button.addEventListener('click', () => {
    tab = button.dataset.tab;
    show(tab);
  });
}
$('remote').addEventListener('change', () => show('html'));
document.addEventListener('visibilitychange', () => { if (!document.hidden) refresh(); });
document.addEventListener('keydown', (event) => {
  const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
  if (!step || event.target.id === 'filter' || event.target.id === 'plain') return;
  const rows = Array.from(document.querySelectorAll('#list button'));
  const at = rows.findIndex((it) => current && it.dataset.id === current.ID);
  const row = rows[at < 0 ? 0 : at + step];
  if (!row) return;
  event.preventDefault();
  row.focus();
  open(row.dataset.id);
});
const start = new URLSearchParams(location.search).get('mail');
poll().then(() => { if (start) open(start); });
`;
