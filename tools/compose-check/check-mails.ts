import type { Api, Registered } from './api.js';

/**
 * Each user has one mail, however often it arrived. A worker that dies between the mail server's `250` and the ledger has another send the mail
 * again: SMTP cannot be asked, so nobody can promise more than the same Message-ID (docs/guides/mails-and-jobs.md). Other copies are a fault.
 * @param wasKilled a worker was killed meanwhile; else every copy is a fault
 * @returns how many mails arrived again.
 * @throws Error naming those that have none, or several.
 */
export async function expectOneMailEach(api: Pick<Api, 'mails'>, users: readonly Pick<Registered, 'email'>[], wasKilled = false): Promise<number> {
  const mails = await api.mails();
  const arrivals = users.map(({ email }) => ({ email, arrived: mails.get(email) ?? [] }));
  const countOf = ({ arrived }: (typeof arrivals)[number]) => (wasKilled ? new Set(arrived.map(({ messageId }) => messageId)).size : arrived.length);
  const wrong = arrivals.filter((it) => countOf(it) !== 1).map((it) => `${it.email} has ${countOf(it)}`);
  if (wrong.length > 0) throw new Error(`not every user has exactly one mail: ${wrong.join(', ')}`);
  return arrivals.filter(({ arrived }) => arrived.length > 1).length;
}

const draft = {
  defaultLocale: 'en',
  locales: {
    en: { subject: 'For {{ name }}', mjml: '<mjml><mj-body><mj-section><mj-column><mj-text>Made for {{ name }}</mj-text></mj-column></mj-section></mj-body></mjml>' },
  },
};

/**
 * The welcome mail that arrived is its template as HTML, and a draft in MJML is compiled now: MJML is loaded by a thread that no bundle has in it.
 * @throws Error with what was answered instead.
 */
export async function checkTemplates(api: Api, { email }: Registered): Promise<void> {
  const [mail] = (await api.mails()).get(email) ?? [];
  if (mail === undefined) throw new Error(`${email} has no mail`);
  const username = email.split('@')[0] ?? email;
  expectHtml('the welcome mail', await api.htmlOf(mail.id), username);
  const preview = await api.post('/templates/compose-check/preview', { variables: { name: 'Ada & Co' }, draft });
  if (preview.status !== 200) throw new Error(`the preview of a draft answered ${JSON.stringify(preview)}`);
  expectHtml('the preview of a draft', String(preview.body['html']), 'Made for Ada &amp; Co');
}

function expectHtml(what: string, html: string, text: string): void {
  const isCompiled = html.includes('role="presentation"') && !html.includes('<mj-');
  if (!isCompiled || !html.includes(text)) throw new Error(`${what} is not the template with ${JSON.stringify(text)} in it, but begins: ${html.slice(0, 300)}`);
}
