/** A mail text with places for variables, written `{{name}}`. */
export interface MailTemplate {
  readonly subject: string;
  readonly text: string;
  /** Every variable is escaped on its way in; a place inside an attribute must stand in quotes. */
  readonly html: string;
}
