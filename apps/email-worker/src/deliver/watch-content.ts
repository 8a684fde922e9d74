import { Readable } from 'node:stream';

/** nodemailer makes a mail in dozens of small pieces, and each would be a write to the socket: a mail of usual size leaves in one. */
const PIECE_BYTES = 32 * 1024;

/**
 * The same bytes in larger pieces, and a call when the first of them is asked for. nodemailer asks when the server has said "go ahead"
 * (354): until then nothing of the mail can have been delivered. A stream piped any other way would be read ahead of that.
 */
export function watchContent(content: Readable | Buffer, onAsked: () => void): Readable {
  return Buffer.isBuffer(content) ? watchBytes(content, onAsked) : watchStream(content, onAsked);
}

function watchBytes(content: Buffer, onAsked: () => void): Readable {
  return new Readable({
    read() {
      onAsked();
      this.push(content);
      this.push(null);
    },
  });
}

function watchStream(content: Readable, onAsked: () => void): Readable {
  let pieces: Buffer[] = [];
  let size = 0;
  let isAsked = false;
  /** @returns whether more is wanted. */
  const hand = (watched: Readable): boolean => {
    const whole = Buffer.concat(pieces, size);
    [pieces, size] = [[], 0];
    return watched.push(whole);
  };
  const watched = new Readable({
    highWaterMark: 2 * PIECE_BYTES,
    read() {
      if (isAsked) return void content.resume();
      isAsked = true;
      onAsked();
      content.on('data', (chunk: Buffer) => {
        pieces.push(chunk);
        size += chunk.length;
        if (size >= PIECE_BYTES && !hand(watched)) content.pause();
      });
      content.once('end', () => {
        if (size > 0) hand(watched);
        watched.push(null);
      });
    },
    destroy(error, done) {
      content.destroy();
      done(error);
    },
  });
  content.once('error', (error) => watched.destroy(error));
  return watched;
}
