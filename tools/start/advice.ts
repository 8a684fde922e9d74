/** A failure whose message is all that its reader needs; it is shown without a stack. */
export class Advice extends Error {
  override readonly name = 'Advice';
  /** tools/run.mjs knows such errors by this mark. */
  readonly isAdvice = true;

  constructor(
    message: string,
    /** 2 where the command line is wrong, 1 for everything else. */
    readonly exitCode = 1,
  ) {
    super(message);
  }
}
