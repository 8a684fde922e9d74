import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SendEmail } from '@angarium/contracts';
import type { RenderTemplate } from '../templates/render-template.js';
import { renderShipped } from '../testing/shipped-shelf.js';
import { composeMail, type ComposeLimits, type ComposeSources, type MailOrder } from './compose-mail.js';

const limits: ComposeLimits = {
  ...{ maxBytes: 1_000, maxRecipients: 3, attachmentFolder: undefined },
  defaultFrom: { name: 'Angarium', address: 'post@angarium.test' },
};
const order: MailOrder = { to: ['ada@example.com'], subject: 'Hello', text: 'Hello Ada' };

let templates: RenderTemplate;
beforeAll(async () => {
  templates = await renderShipped();
});
const sources: ComposeSources = {
  render: (template) => templates.run('system', template),
  readFile: async (fileId) => Buffer.from(`file ${fileId}`),
};
const compose = (changes: Partial<MailOrder>, others: Partial<ComposeLimits> = {}) => composeMail({ ...order, ...changes }, '<1@angarium.test>', { ...limits, ...others }, sources);

describe('composing a mail', () => {
  it('takes the sender from the configuration unless the order names one', async () => {
    expect((await compose({})).from).toEqual({ name: 'Angarium', address: 'post@angarium.test' });
    expect((await compose({ from: 'Ada, Countess <ada@example.com>' }).catch((it: unknown) => it))).toMatchObject({ code: 'EMAIL_INVALID' });
    expect((await compose({ from: '"Ada, Countess" <ada@example.com>' })).from).toEqual({ name: 'Ada, Countess', address: 'ada@example.com' });
  });

  it.each<[string, Partial<MailOrder>]>([
    ['to', { to: [] }],
    ['to.0', { to: ['ada'] }],
    ['cc.0', { cc: ['Ada <ada@example.com>'] }],
    ['bcc.1', { bcc: ['a@example.com', 'a@example.com, b@example.com'] }],
    ['to', { to: ['a@example.com', 'b@example.com'], cc: ['c@example.com'], bcc: ['d@example.com'] }],
    ['replyTo', { replyTo: 'nobody' }],
    ['from', { from: 'ada' }],
    ['subject', { subject: '  ' }],
    ['subject', { subject: undefined }],
    ['subject', { subject: 'Hello\r\nBcc: eve@example.com' }],
    ['text', { text: ' ', html: '' }],
    ['text', { text: 'x'.repeat(1_001) }],
    ['attachments.0.filename', { attachments: [{ filename: 'a\nb', content: '' }] }],
    ['attachments.0.filename', { attachments: [{ filename: '../a.txt', content: '' }] }],
    ['attachments.0.contentType', { attachments: [{ filename: 'a', contentType: 'text/plain; charset=x\r\nX: y', content: '' }] }],
    ['attachments.0', { attachments: [{ filename: 'a' }] }],
    ['attachments.1', { attachments: [{ filename: 'a', content: 'YQ==' }, { filename: 'b', content: Buffer.alloc(1_000).toString('base64') }] }],
  ])('refuses for good, naming %s', async (field, changes) => {
    await expect(compose(changes)).rejects.toMatchObject({ code: 'EMAIL_INVALID', retry: 'never', message: expect.stringMatching(new RegExp(`^${field}\\b`)) as string });
  });

  it('names what a template lacks', async () => {
    const template = { key: 'welcome' as const, variables: { user: 'ada' } };
    await expect(compose({ template })).rejects.toThrow('The template welcome lacks template.variables.username.');
  });

  it('never repeats a value in an error: it may be personal', async () => {
    const error: unknown = await compose({ to: ['secret person'] }).catch((it: unknown) => it);
    expect(JSON.stringify({ message: (error as Error).message, ...(error as object) })).not.toContain('secret');
  });

  it('takes whatever the contract shows as its example', async () => {
    const mail = await composeMail(SendEmail.schema.parse(SendEmail.example), '<1@angarium.test>', { ...limits, maxBytes: 30_000 }, sources);
    expect(mail).toMatchObject({ to: ['ada@example.com'], subject: 'Welcome to Angarium', text: expect.stringContaining('Hello ada,') as string });
  });
});

describe('attachments', () => {
  let home: string;
  let folder: string;
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'angarium-attachments-'));
    folder = join(home, 'files');
    await mkdir(join(folder, 'sub'), { recursive: true });
    await Promise.all([writeFile(join(folder, 'sub', 'a.txt'), 'A'), writeFile(join(home, 'secret.txt'), 'S'), writeFile(join(folder, 'big'), 'x'.repeat(2_000))]);
    await symlink(join(home, 'secret.txt'), join(folder, 'link-out'));
    await symlink(join(folder, 'sub', 'a.txt'), join(folder, 'link-in'));
    await symlink(home, join(folder, 'up'));
  });
  afterAll(() => rm(home, { recursive: true }));

  const attach = (path: string, attachmentFolder: string | undefined = folder) => compose({ attachments: [{ filename: 'it.txt', path }] }, { attachmentFolder });

  it('are decoded from content', async () => {
    const { attachments } = await compose({ attachments: [{ filename: 'a.txt', contentType: 'text/plain', content: Buffer.from('Ä').toString('base64') }] });
    expect(attachments).toEqual([{ filename: 'a.txt', contentType: 'text/plain', content: Buffer.from('Ä') }]);
  });

  it('are read by the id of a stored file, within the size of the mail', async () => {
    const one = { filename: 'it.txt', fileId: '0190a6f0-7c1e-7b3a-9d52-3a5f6f1c2d4e' };
    expect((await compose({ attachments: [one] })).attachments[0]?.content.toString()).toBe(`file ${one.fileId}`);
    await expect(compose({ attachments: Array.from({ length: 30 }, () => one) })).rejects.toThrow('EMAIL_MAX_BYTES');
  });

  it.each(['sub/a.txt', './sub/../sub/a.txt', 'link-in'])('are read by path inside the folder: %s', async (path) => {
    expect((await attach(path)).attachments[0]?.content.toString()).toBe('A');
  });

  it('are read by an absolute path inside the folder', async () => {
    expect((await attach(join(folder, 'sub/a.txt'))).attachments[0]?.content.toString()).toBe('A');
  });

  it.each(['../secret.txt', '/etc/passwd', 'sub/../../secret.txt', 'link-out', 'up/secret.txt', 'sub', '.', '', 'a\0b', '../no-such-file', big()])(
    'are refused for good: %j',
    async (path) => {
      await expect(attach(path)).rejects.toMatchObject({ code: 'EMAIL_INVALID', retry: 'never' });
    },
  );

  it('are refused by path when no folder is configured', async () => {
    await expect(compose({ attachments: [{ filename: 'a', path: 'sub/a.txt' }] })).rejects.toThrow('set EMAIL_ATTACHMENT_DIR');
  });

  it('are tried again later when the file is not there yet', async () => {
    await expect(attach('soon.pdf')).rejects.toMatchObject({ code: 'EMAIL_ATTACHMENT_MISSING', retry: 'later' });
  });

  function big(): string {
    return 'big';
  }
});
