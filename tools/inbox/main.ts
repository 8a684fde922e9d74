import { startInbox } from '@angarium/testing';

const usage = `Runs the local inbox alone: an SMTP server that keeps every mail, and a page to read them.

  node tools/run.mjs inbox

Set INBOX_SMTP_PORT (1025), INBOX_HTTP_PORT (1080) and HOST (127.0.0.1) in the environment. Ctrl-C stops it; the mails are gone then.`;

function port(name: string, fallback: number): number {
  const text = process.env[name] ?? '';
  if (text === '') return fallback;
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new Error(`${name} is ${JSON.stringify(text)}; expected a port from 0 to 65535.`);
}

async function main(): Promise<void> {
  if (process.argv.includes('--help')) return console.log(usage);
  const inbox = await startInbox({ smtpPort: port('INBOX_SMTP_PORT', 1025), httpPort: port('INBOX_HTTP_PORT', 1080), host: process.env['HOST'] || '127.0.0.1' });
  console.log(`inbox: send to ${inbox.smtpUrl}, read at ${inbox.httpUrl} (Ctrl-C stops it)`);
  const stop = () => void inbox.stop().then(() => process.exit(0));
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(1);
});
