import fc from 'fast-check';
import MailComposer from 'nodemailer/lib/mail-composer';
import { writeSmallMail } from './write-small-mail.js';

/** Texts with what encoders trip over: long lines, spaces at ends, dots, other scripts, all kinds of line ends. */
const text = fc.array(fc.oneof(fc.string({ maxLength: 120 }), fc.string({ unit: 'grapheme', maxLength: 60 }), fc.constantFrom('\r\n', '\n', '.', ' ', '\t', '=', 'a'.repeat(100), '邮件'.repeat(40))), { maxLength: 30 }).map((parts) => parts.join(''));
const attachment = fc.record({
  filename: fc.constantFrom('a.pdf', 'notes.txt', '发票.pdf', 'mail.eml'),
  contentType: fc.constantFrom(undefined, 'text/plain', 'application/pdf', 'message/rfc822'),
  content: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
});
const mails = fc.record({ subject: fc.string({ minLength: 1, maxLength: 150 }), text: fc.option(text, { nil: undefined }), html: fc.option(text, { nil: undefined }), attachments: fc.array(attachment, { maxLength: 2 }) });

const compile = (mail: object) =>
  new MailComposer({ from: 'post@angarium.test', to: ['ada@example.com'], messageId: '<1@angarium.test>', date: new Date(0), baseBoundary: 'fixed', ...mail }).compile();
/** Soft line breaks may stand elsewhere: whoever reads quoted-printable takes them out (RFC 2045 6.7). */
const read = (bytes: Buffer | undefined) => bytes?.toString('latin1').replaceAll('=\r\n', '');

describe('a small mail', () => {
  it('is written as nodemailer writes it as a stream, whatever is in it', async () => {
    await fc.assert(
      fc.asyncProperty(mails, async (mail) => {
        const written = writeSmallMail(compile(mail));
        expect(read(written)).toBe(read(await compile(mail).build()));
        expect(Math.max(...written!.toString('latin1').split('\r\n').map(({ length }) => length))).toBeLessThan(998);
      }),
      { numRuns: 300 },
    );
  });

  it('is left to the stream when it is large, or its content is not in memory', () => {
    expect(writeSmallMail(compile({ text: 'a'.repeat(70_000) }))).toBeUndefined();
    expect(writeSmallMail(compile({ text: 'with a file', attachments: [{ path: '/nowhere' }] }))).toBeUndefined();
  });
});
