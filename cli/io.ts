import type { Command } from 'commander';
import type { ExitCode } from './exit.ts';
import { checkForm, type OutputForm } from './output.ts';
import { toJson } from './text.ts';

/** What a command may touch of the process it runs in. Tests pass their own. */
export type Io = {
  /** Writes to standard output; `say` adds the line's end. */
  write: (text: string) => void;
  say: (line: string) => void;
  /** One line to standard error. */
  warn: (line: string) => void;
  /** All of standard input, once it has ended. */
  stdin: () => Promise<string>;
  env: Record<string, string | undefined>;
  /** Whether standard output is a terminal, and whether it takes colours. */
  terminal: boolean;
  colour: boolean;
  /** Aborted by Ctrl-C. */
  stop: AbortSignal;
};

export type GlobalOptions = {
  server?: string;
  token?: string;
  tokenFile?: string;
  cluster?: string;
  /** Of `serin config`; of a kubeconfig, where the command has an option of its own. */
  context?: string;
  /** Of several, the last. */
  namespace?: string;
  output: OutputForm;
};

/** One call of a command, with its options and the global ones. */
export type Call<Options> = { args: string[]; options: GlobalOptions & Options; io: Io };

/** What a command needs to register itself: the process, and where its exit code goes. */
export type Cli = {
  io: Io;
  exitCode: ExitCode;
  /** Each --namespace that was given; most commands want the last, or the default. */
  namespaces: string[];
};

/** Makes commander's callback of a function that answers the exit code. */
export function action<Options = unknown>(
  cli: Cli,
  body: (call: Call<Options>) => Promise<ExitCode>,
): (...given: unknown[]) => Promise<void> {
  return async (...given) => {
    const command = given.at(-1) as Command;
    const options = command.optsWithGlobals<GlobalOptions & Options>();
    checkForm(command, options.output);
    cli.exitCode = await body({ args: command.args, options, io: cli.io });
  };
}

export function sayJson(io: Io, value: unknown): void {
  io.say(toJson(value, 2));
}
