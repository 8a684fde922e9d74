import { waitFor } from '@angarium/testing';
import type { Api } from './api.js';

const dashboard = '/admin/queues';

/**
 * The dashboard is there, with everything that its page loads, and only with the token: its files are in a package beside the bundle.
 * @returns how many files the page loads.
 * @throws Error naming what is missing, or open.
 */
export async function checkDashboard(api: Api): Promise<string> {
  const page = await api.browse(`${dashboard}/`);
  if (page.status !== 200 || !page.type.startsWith('text/html')) throw new Error(`GET ${dashboard}/ answered ${page.status} (${page.type})`);
  const files = [...page.text.matchAll(/(?:src|href)="(static\/[^"]+)"/g)].map(([, file = '']) => `${dashboard}/${file}`);
  if (!files.some((it) => it.endsWith('.js')) || !files.some((it) => it.endsWith('.css'))) throw new Error(`the page of the dashboard names no script or no style: ${files.join(', ')}`);
  for (const path of [`${dashboard}/`, ...files]) await expectGuarded(api, path);
  return `${files.length} files`;
}

async function expectGuarded(api: Api, path: string): Promise<void> {
  const [open, guarded] = await Promise.all([api.browse(path, false), api.browse(path)]);
  if (open.status !== 401) throw new Error(`GET ${path} without the token answered ${open.status}, not 401`);
  const wanted = path.endsWith('.js') ? 'javascript' : path.endsWith('.css') ? 'css' : '';
  if (guarded.status !== 200 || !guarded.type.includes(wanted) || guarded.text === '') throw new Error(`GET ${path} answered ${guarded.status} (${guarded.type}), ${guarded.text.length} characters`);
}

/** Waits until the queue of mails has done what was ordered: a mail is there a moment before its job has ended. @throws Error with its counts. */
export async function checkMailQueue(api: Api, mailCount: number): Promise<void> {
  let answer: unknown;
  const isDone = async () => {
    const { body } = await api.get('/queues/status');
    const queues = (body['queues'] ?? []) as readonly { name: string; counts: { completed: number; failed: number } }[];
    const counts = queues.find(({ name }) => name === 'email')?.counts;
    answer = counts ?? body;
    return counts?.failed === 0 && counts.completed >= mailCount;
  };
  await waitFor(isDone, { what: `${mailCount} mail jobs to be completed`, timeoutMs: 10_000 }).catch((cause: unknown) => {
    throw new Error(`GET /queues/status does not show ${mailCount} completed mails and none that failed: ${JSON.stringify(answer)}`, { cause });
  });
}

/** An SMS worker answers, and can say why an SMS would not go out. Nothing is sent, whatever provider is configured. @throws Error with what it answered. */
export async function checkSms(api: Api): Promise<string> {
  const { status, body } = await api.post('/sms/explain', { phone: '13800138000', message: 'Your order has been shipped' });
  if (status !== 200 || body['country'] !== 'CN') throw new Error(`POST /sms/explain answered ${status}: ${JSON.stringify(body)}`);
  return body['maySend'] === true ? 'an SMS would go out' : 'no provider, and it says so';
}
