import { generateKeyPairSync } from 'node:crypto';
import { startInbox } from '@angarium/testing';
import { dkimVerify } from 'mailauth/lib/dkim/verify.js';
import { dkimOptions } from './dkim.js';
import { parseSmtpUrl } from './smtp-address.js';
import { SmtpTransport } from './smtp.transport.js';

describe('a signed mail with one-click unsubscription', () => {
  it('passes a verifier that is not ours, and the signature covers both of its headers', async () => {
    const inbox = await startInbox();
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const dkim = dkimOptions('angarium.test', 'mail', privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
    const transport = new SmtpTransport({ server: parseSmtpUrl(inbox.smtpUrl)!, requireTls: false, connections: 1, timeoutMs: 5_000, dkim });
    const mail = { messageId: '<1@angarium.test>', from: { address: 'post@angarium.test' }, to: ['ada@example.com'], cc: [], bcc: [], subject: 'News', text: 'of today', attachments: [] };
    const headers = { 'List-Unsubscribe': `<https://angarium.test/unsubscribe/v1.k.${'a'.repeat(300)}>`, 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' };
    await transport.send({ ...mail, headers }, AbortSignal.timeout(5_000));
    const raw = await (await fetch(`${inbox.httpUrl}/api/v1/message/latest/raw`)).text();
    transport.close();
    await inbox.stop();

    const record = `v=DKIM1; k=rsa; p=${publicKey.export({ type: 'spki', format: 'der' }).toString('base64')}`;
    const { results } = await dkimVerify(raw, { resolver: (name: string) => Promise.resolve(name === 'mail._domainkey.angarium.test' ? [[record]] : []) });
    expect(results).toHaveLength(1);
    expect(results[0]?.status.result).toBe('pass');
    // the types of mailauth leave it out
    const { signingHeaders } = results[0] as unknown as { signingHeaders: { keys: string } };
    const signed = signingHeaders.keys.toLowerCase();
    expect(signed).toContain('list-unsubscribe-post');
    expect(signed.replace('list-unsubscribe-post', '')).toContain('list-unsubscribe');
  });
});
