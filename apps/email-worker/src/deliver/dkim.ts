/** What nodemailer needs to sign. */
export interface DkimOptions {
  readonly domainName: string;
  readonly keySelector: string;
  readonly privateKey: string;
  readonly headerFieldNames: string;
}

/**
 * The headers of RFC 6376 5.4.1 that our mails can carry, and List-Unsubscribe-Post, which nodemailer's own list lacks:
 * receivers offer one-click unsubscription only when the signature covers it (RFC 8058 4).
 */
const signedHeaders = [
  ...['From', 'Sender', 'Reply-To', 'Subject', 'Date', 'Message-ID', 'To', 'Cc'],
  ...['MIME-Version', 'Content-Type', 'Content-Transfer-Encoding', 'In-Reply-To', 'References'],
  ...['List-Id', 'List-Help', 'List-Unsubscribe', 'List-Unsubscribe-Post', 'List-Subscribe', 'List-Post', 'List-Owner', 'List-Archive'],
].join(':');

/** @returns undefined unless all three parts are set; a mail then goes out unsigned. */
export function dkimOptions(domain: string | undefined, selector: string | undefined, privateKey: string | undefined): DkimOptions | undefined {
  if (domain === undefined || selector === undefined || privateKey === undefined) return undefined;
  return { domainName: domain, keySelector: selector, privateKey: toPem(privateKey), headerFieldNames: signedHeaders };
}

/** A PEM whose line ends were written as \n, because many places that hold variables take one line only. */
export function toPem(text: string): string {
  return text.replaceAll('\\n', '\n');
}
