/** Something a person can put right: said in one line, with one line on what to do. */
export class StartError extends Error {
  override name = 'StartError';
  readonly hint: string;
  /** `usage`: it was asked for in a wrong way. `refused`: what was given cannot be taken. */
  readonly kind: 'usage' | 'refused';

  constructor(kind: StartError['kind'], message: string, hint: string) {
    super(message);
    this.kind = kind;
    this.hint = hint;
  }
}
