/** What the shell is told. The same table stands in `serin --help`. */
export const exitCodes = {
  ok: 0,
  refused: 1,
  usage: 2,
  timeout: 2,
  unreachable: 3,
  leftAlone: 4,
  bug: 70,
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

export const exitCodesHelp = `
Exit codes:
  0    done; the release is healthy, or in the phase that was waited for
  1    the release is degraded or superseded, the command was refused, or a file has errors
  2    wrong usage, or a timeout
  3    not found (a rollout or a file), not authorised, or the server could not be reached
  4    Serin does not drive the rollout: it asks for something unsupported, or another controller owns it
  70   an error in serin itself (please report it)
  130  interrupted`;

/** A problem document (RFC 9457), as far as it is printed. */
export type Problem = { title: string; detail?: string; status?: number; [more: string]: unknown };

/** Something a person can put right: said in one line, with one line on what to do. */
export class CliError extends Error {
  override name = 'CliError';
  readonly exitCode: ExitCode;
  readonly hint: string | undefined;
  readonly problem: Problem | undefined;

  constructor(
    message: string,
    { exitCode, hint, problem }: { exitCode: ExitCode; hint?: string; problem?: Problem },
  ) {
    super(message);
    this.exitCode = exitCode;
    this.hint = hint;
    this.problem = problem;
  }
}

export function usageError(message: string, hint: string): CliError {
  return new CliError(message, { exitCode: exitCodes.usage, hint });
}
