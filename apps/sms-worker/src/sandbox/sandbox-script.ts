/**
 * Script of the sandbox page. It asks for the list every 1.5 seconds while the page is seen, groups the SMS by phone,
 * and writes what they say with textContent only.
 */
export const sandboxScript = String.raw`'use strict';
const POLL_MS = 1500;
const $ = (id) => document.getElementById(id);
const make = (tag, text, className) => {
  const it = document.createElement(tag);
  if (text !== undefined) it.textContent = text;
  if (className) it.className = className;
  return it;
};
let messages = [];
let loaded = false;
let current = new URLSearchParams(location.search).get('phone');
let drawn = '';

const when = (ms) => {
  const date = new Date(ms);
  const sameDay = date.toDateString() === new Date().toDateString();
  return sameDay ? date.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit' }) : date.toLocaleString();
};
const wordsOf = (sms) => sms.text || (sms.template ? 'Template ' + sms.template.id + ' · ' + Object.values(sms.template.parameters).join(', ') : '');
const stateWords = { sent: 'on its way', delivered: '✓ delivered', undelivered: '✗ not delivered' };

function drawList() {
  const wanted = $('filter').value.trim().toLowerCase();
  const phones = new Map();
  for (const sms of messages) {
    if (!(sms.phone + '\n' + wordsOf(sms)).toLowerCase().includes(wanted)) continue;
    if (!phones.has(sms.phone)) phones.set(sms.phone, []);
    phones.get(sms.phone).push(sms);
  }
  const focused = document.activeElement && document.activeElement.dataset ? document.activeElement.dataset.phone : undefined;
  const rows = Array.from(phones, ([phone, those]) => {
    const row = make('button');
    row.type = 'button';
    row.dataset.phone = phone;
    if (phone === current) row.setAttribute('aria-current', 'true');
    row.append(make('b', phone), make('time', when(those[0].sentAt)), make('small', (those.length > 1 ? those.length + ' · ' : '') + wordsOf(those[0])));
    row.addEventListener('click', () => choose(phone));
    return row;
  });
  if (messages.length && !rows.length) rows.push(make('p', 'No SMS among these fits "' + $('filter').value + '".'));
  $('list').replaceChildren(...rows);
  if (focused) { const row = rows.find((it) => it.dataset && it.dataset.phone === focused); if (row) row.focus({ preventScroll: true }); }
}

function bubbleOf(sms) {
  const bubble = make('div', undefined, 'bubble');
  if (sms.template) {
    bubble.append(make('div', 'Template ' + sms.template.id));
    const table = make('table');
    for (const [name, value] of Object.entries(sms.template.parameters)) {
      const row = make('tr');
      row.append(make('th', name), make('td', value, 'code'));
      table.append(row);
    }
    bubble.append(table);
    return bubble;
  }
  sms.text.split(/(?<![0-9])([0-9]{4,10})(?![0-9])/).forEach((piece, index) => {
    if (index % 2 === 0) return bubble.append(document.createTextNode(piece));
    bubble.append(make('span', piece, 'code'));
    const copy = make('button', 'copy');
    copy.type = 'button';
    copy.setAttribute('aria-label', 'Copy ' + piece);
    copy.addEventListener('click', () => navigator.clipboard.writeText(piece).then(() => { copy.textContent = 'copied'; }, () => { copy.textContent = 'not allowed'; }));
    bubble.append(copy);
  });
  return bubble;
}

function drawPhone() {
  const those = messages.filter((sms) => sms.phone === current).reverse();
  const isOpen = those.length > 0;
  $('phone').hidden = !isOpen;
  $('empty').hidden = isOpen || !loaded;
  $('empty-title').textContent = messages.length ? 'Choose a phone' : 'No SMS yet';
  $('empty-hint').textContent = messages.length ? 'Arrow keys go through the list.' : 'Whatever the services send by the sandbox arrives here, and nowhere else.\nThis page refreshes itself.';
  if (!isOpen) return;
  const list = $('messages');
  const isAtEnd = list.scrollTop + list.clientHeight >= list.scrollHeight - 40 || $('number').textContent !== current;
  $('number').textContent = current;
  list.replaceChildren(...those.map((sms) => {
    const item = make('li');
    const facts = make('p', when(sms.sentAt) + ' · ', 'facts');
    facts.append(make('span', stateWords[sms.state] || sms.state, sms.state));
    item.append(bubbleOf(sms), facts);
    return item;
  }));
  if (isAtEnd) list.scrollTop = list.scrollHeight;
}

function draw() {
  $('count').textContent = messages.length === 1 ? '1 SMS' : messages.length + ' SMS';
  $('clear').disabled = messages.length === 0;
  document.title = messages.length ? '(' + messages.length + ') SMS sandbox' : 'SMS sandbox';
  drawList();
  drawPhone();
}

function choose(phone) {
  current = phone;
  draw();
}

async function refresh() {
  try {
    const answer = await fetch('/sandbox/messages');
    if (!answer.ok) throw new Error('HTTP ' + answer.status);
    messages = (await answer.json()).messages;
    loaded = true;
    $('state').className = '';
    $('state').textContent = 'live';
    const now = JSON.stringify(messages.map((it) => [it.id, it.state]));
    if (now !== drawn) draw();
    drawn = now;
  } catch {
    $('state').className = 'away';
    $('state').textContent = 'the SMS worker does not answer';
  }
}

async function poll() {
  if (!document.hidden) await refresh();
  setTimeout(poll, POLL_MS);
}

$('filter').addEventListener('input', drawList);
$('clear').addEventListener('click', async () => {
  if (!confirm('Delete all SMS of the sandbox?')) return;
  await fetch('/sandbox/messages', { method: 'DELETE' });
  current = null;
  await refresh();
});
document.addEventListener('visibilitychange', () => { if (!document.hidden) refresh(); });
document.addEventListener('keydown', (event) => {
  const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
  if (!step || event.target.id === 'filter' || event.target.id === 'messages') return;
  const rows = Array.from(document.querySelectorAll('#list button'));
  const at = rows.findIndex((it) => it.dataset.phone === current);
  const row = rows[at < 0 ? 0 : at + step];
  if (!row) return;
  event.preventDefault();
  choose(row.dataset.phone);
  const now = Array.from(document.querySelectorAll('#list button')).find((it) => it.dataset.phone === current);
  if (now) now.focus();
});
poll();
`;
