import { startInbox } from '@angarium/testing';
import { readPort } from '../start/read-port.js';

const usage = `Runs the local inbox alone: an SMTP server that keeps every mail, and a page to read them.

  node tools/run.mjs inbox

Set INBOX_SMTP_PORT (1025), INBOX_HTTP_PORT (1080) and HOST (127.0.0.1) in the environment. Ctrl-C stops it; the mails are gone then.`;

async function main(env: NodeJS.ProcessEnv): Promise<void> {
  const inbox = await startInbox({
    smtpPort: readPort(env, 'INBOX_SMTP_PORT', 1025),
    httpPort: readPort(env, 'INBOX_HTTP_PORT', 1080),
    host: env['HOST'] || '127.0.0.1',
  });
  console.log(`inbox: send to ${inbox.smtpUrl}, read at ${inbox.httpUrl} (Ctrl-C stops it)`);
  const stop = () => void inbox.stop().then(() => process.exit(0));
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
}

if (process.argv.includes('--help')) console.log(usage);
else
  main(process.env).catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : String(error));
    process.exit(1);
  });
