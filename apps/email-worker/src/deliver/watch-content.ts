import { Readable } from 'node:stream';

/** nodemailer makes a mail in dozens of small pieces, and each would be a write to the socket: a mail of usual size leaves in one. */
const PIECE_BYTES = 32 * 1024;

/**
 * The same bytes in larger pieces, and a call when the first of them is asked for. nodemailer asks when the server has said "go ahead"
 * (354): until then nothing of the mail can have been delivered. A stream piped any other way would be read ahead of that.
 */
export function watchContent(content: Readable, onAsked: () => void): Readable {
  async function* pass(): AsyncGenerator<Buffer> {
    onAsked();
    let [pieces, size]: [Buffer[], number] = [[], 0];
    for await (const chunk of content as AsyncIterable<Buffer>) {
      pieces.push(chunk);
      size += chunk.length;
      if (size < PIECE_BYTES) continue;
      yield Buffer.concat(pieces, size);
      [pieces, size] = [[], 0];
    }
    if (size > 0) yield Buffer.concat(pieces, size);
  }
  const watched = Readable.from(pass(), { objectMode: false, highWaterMark: 2 * PIECE_BYTES });
  // a generator that never began does not see that its reader left
  watched.once('close', () => content.destroy());
  return watched;
}
