import { addAbortSignal } from 'node:stream';
import { text } from 'node:stream/consumers';
import { exitCodes } from './exit.ts';
import type { Io } from './io.ts';
import { run } from './program.ts';
import { plainLines } from './text.ts';

// What it writes, such as tokens and the table, is for its user alone.
process.umask(0o077);
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // Asked twice: whatever is still being cleaned up, go.
    if (stop.signal.aborted) process.exit(exitCodes.interrupted);
    stop.abort();
  });
}
// `serin list | head` closes the pipe early, which is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(exitCodes.ok);
  throw error;
});

const io: Io = {
  write: (text) => process.stdout.write(text),
  say: (line) => process.stdout.write(`${line}\n`),
  warn: (line) => process.stderr.write(`${line}\n`),
  // A signal that came first is not lost on somebody who still types.
  stdin: () => text(addAbortSignal(stop.signal, process.stdin)),
  env: process.env,
  // A terminal without a size, as in some build logs, cannot be drawn on.
  terminal: process.stdout.isTTY === true && process.stdout.rows > 0,
  colour: process.stdout.isTTY === true && process.stdout.hasColors(),
  stop: stop.signal,
};

run(process.argv.slice(2), io).then(
  (code) => {
    process.exitCode = code;
  },
  (error) => {
    process.stderr.write(`serin: an error in serin itself, please report it\n`);
    process.stderr.write(`${plainLines(String(error instanceof Error ? error.stack : error))}\n`);
    process.exitCode = exitCodes.bug;
  },
);
