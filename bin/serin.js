#!/usr/bin/env node
// All of Serin needs Node 24.15, the first whose node:sqlite does not warn that it is an experiment. Where
// the machine's own Node is older, this starts the one that `npm ci` installed, and stands aside: same
// arguments, terminal and exit. A published package brings none: there the commands run that keep no table.
// It runs the bundle that was built then; and the TypeScript itself once a source is newer than that.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NODE_MIN = '24.15';
/** For the bundle, and without a table. */
const NODE_OLDEST = '20.19';
/**
 * For the process that stays: on a machine with much memory V8 lets the garbage of short work grow to 128 MB
 * before it looks, and the heap to four times what is in it.
 */
const FRUGAL = ['--max-semi-space-size=4', '--heap-growing-percent=30'];

function installedNode() {
  const [system, file] =
    process.platform === 'win32' ? ['win', 'node.exe'] : [process.platform, 'node'];
  try {
    const name = `node-${system}-${process.arch}/package.json`;
    return join(dirname(createRequire(import.meta.url).resolve(name)), 'bin', file);
  } catch {
    return undefined;
  }
}

function runUnder(node) {
  const self = fileURLToPath(import.meta.url);
  const args = [...process.execArgv, self, ...process.argv.slice(2)];
  // The mark stops a loop, should the installed Node be too old as well.
  const env = { ...process.env, SERIN_RELAUNCHED: '1' };
  const child = spawn(node, args, { stdio: 'inherit', env });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      // A terminal already gave Ctrl-C to the whole process group; a second one would be a different wish.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.on('error', (error) => fail(`could not start ${node}: ${error.message}`));
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}

/** Whether this is the process that stays, and it was started without the flags, which only a start can set. */
function isToRestart() {
  const isSet = FRUGAL.every((flag) => process.execArgv.includes(flag));
  return process.argv[2] === 'run' && !isSet && process.execve !== undefined;
}

function restart() {
  const [, ...args] = process.argv;
  // The same process goes on, with its number and its terminal.
  const flags = [...process.execArgv, ...FRUGAL];
  // The C library, too, keeps memory: for each of its arenas, and of what is large and freed as much as it
  // has once seen, unless a size is named.
  const env = { ...process.env, MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: '32768' };
  process.execve(process.execPath, [process.execPath, ...flags, ...args], env);
}

function isBundleCurrent() {
  const inRoot = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
  // A published package has the bundle alone.
  if (!existsSync(inRoot('cli'))) return true;
  const bundle = inRoot('dist/serin.js');
  if (!existsSync(bundle)) return false;
  const builtAt = statSync(bundle).mtimeMs;
  return ['cli', 'functions', 'lib', 'server']
    .flatMap((folder) =>
      readdirSync(inRoot(folder), { recursive: true }).map((file) => join(inRoot(folder), file)),
    )
    .every((file) => statSync(file).mtimeMs <= builtAt);
}

/** What the bundle uses of a newer Node. */
function patchOldNode() {
  URL.parse ??= (...args) => {
    try {
      return new URL(...args);
    } catch {
      return null;
    }
  };
  Map.groupBy ??= (items, keyOf) => {
    const groups = new Map();
    for (const item of items) {
      const key = keyOf(item);
      groups.set(key, [...(groups.get(key) ?? []), item]);
    }
    return groups;
  };
}

function isAtLeast(version, least) {
  return version.localeCompare(least, 'en', { numeric: true }) >= 0;
}

function fail(message) {
  process.stderr.write(`serin: ${message}\n`);
  process.exit(1);
}

const { node: version } = process.versions;
const newer =
  isAtLeast(version, NODE_MIN) || process.env.SERIN_RELAUNCHED ? undefined : installedNode();
if (isAtLeast(version, NODE_MIN)) {
  if (isToRestart()) restart();
  await import(isBundleCurrent() ? '../dist/serin.js' : '../cli/serin.ts');
} else if (newer) {
  runUnder(newer);
} else if (isAtLeast(version, NODE_OLDEST) && isBundleCurrent()) {
  patchOldNode();
  await import('../dist/serin.js');
} else {
  fail(
    `needs Node ${NODE_OLDEST} or newer, and ${NODE_MIN} to run releases; this is ${process.version}. ` +
      'Install a newer one; for Linux and Windows `npm ci` in the repository brings one along.',
  );
}
