import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { resolve, sep } from 'node:path';
import { EmailErrors } from '../errors.js';

/**
 * Reads a file of the attachment folder. The path is relative to the folder or absolute; links are followed and must end inside it.
 * @param folder EMAIL_ATTACHMENT_DIR; undefined refuses every path.
 * @param field how the attachment is named in errors: `attachments.0.path`.
 * @param maxBytes larger files are not read.
 * @throws EMAIL_INVALID outside the folder, without a folder, not a plain file, too large; EMAIL_ATTACHMENT_MISSING.
 */
export async function loadAttachment(path: string, field: string, folder: string | undefined, maxBytes: number): Promise<Buffer> {
  if (folder === undefined) {
    throw EmailErrors.EMAIL_INVALID(`${field} is refused: attachments by path are off. Send the content, or set EMAIL_ATTACHMENT_DIR.`);
  }
  const root = await resolved(folder, 'EMAIL_ATTACHMENT_DIR');
  const asked = resolve(root, path);
  // before the disk is asked: the answer must not tell what exists elsewhere
  if (path.includes('\0') || !asked.startsWith(root + sep)) throw outside(field);
  const file = await resolved(asked, field);
  if (!file.startsWith(root + sep)) throw outside(field);
  return readPlainFile(file, field, maxBytes);
}

async function resolved(path: string, field: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    throw missing(field, error);
  }
}

/** The checks are made on the opened file, so that nobody can change it between check and reading; a pipe must not make us wait. */
async function readPlainFile(file: string, field: string, maxBytes: number): Promise<Buffer> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch((error: unknown) => {
    throw missing(field, error);
  });
  try {
    const { size } = await handle.stat().then((it) => (it.isFile() ? it : Promise.reject(outside(field))));
    if (size > maxBytes) {
      throw EmailErrors.EMAIL_INVALID(`${field} has ${size} bytes; only ${maxBytes} are left of EMAIL_MAX_BYTES. Send a link instead of the file.`);
    }
    const content = Buffer.alloc(size);
    const { bytesRead } = await handle.read(content, 0, size, 0);
    return content.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

function outside(field: string) {
  return EmailErrors.EMAIL_INVALID(`${field} is no plain file inside EMAIL_ATTACHMENT_DIR. Put the file there and give its path in that folder.`);
}

function missing(field: string, cause: unknown) {
  const code = (cause as NodeJS.ErrnoException).code ?? 'unknown';
  return EmailErrors.EMAIL_ATTACHMENT_MISSING(`${field} cannot be read (${code}). Put the file into EMAIL_ATTACHMENT_DIR, readable by the email worker.`);
}
