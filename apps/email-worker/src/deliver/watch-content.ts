import { Readable } from 'node:stream';

/**
 * The same bytes, and a call when the first of them is asked for. nodemailer asks when the server has said "go ahead" (354):
 * until then nothing of the mail can have been delivered. A stream piped any other way would be read ahead of that.
 */
export function watchContent(content: Readable, onAsked: () => void): Readable {
  async function* pass(): AsyncGenerator<Buffer> {
    onAsked();
    for await (const chunk of content as AsyncIterable<Buffer>) yield chunk;
  }
  const watched = Readable.from(pass(), { objectMode: false, highWaterMark: 64 * 1024 });
  // a generator that never began does not see that its reader left
  watched.once('close', () => content.destroy());
  return watched;
}
