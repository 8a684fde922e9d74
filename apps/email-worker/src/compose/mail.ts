/** A mail address with the name that is shown for it. */
export interface Mailbox {
  readonly name?: string;
  readonly address: string;
}

export interface Attachment {
  readonly filename: string;
  readonly contentType?: string;
  readonly content: Buffer;
}

/** A mail that passed every check: what the mail server gets, whoever delivers it. */
export interface Mail {
  /** The Message-ID header with its angle brackets, the same over all attempts. */
  readonly messageId: string;
  readonly from: Mailbox;
  readonly to: readonly string[];
  readonly cc: readonly string[];
  readonly bcc: readonly string[];
  readonly replyTo?: string;
  readonly subject: string;
  readonly text?: string;
  readonly html?: string;
  readonly attachments: readonly Attachment[];
  /** Further headers, by name; added after composing. */
  readonly headers?: Readonly<Record<string, string>>;
}
