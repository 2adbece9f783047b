import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { getPriority, setPriority } from 'node:os';
import { join } from 'node:path';
import { readBody, serveHere } from './http.ts';
import { runtimeInterface } from './programs.ts';
import { account, region } from './services.ts';

// Lambda on this machine: a function is a folder with a bundle, and runs in processes of aws-lambda-ric that
// ask a runtime API for the next event, one at a time, each process until it is idle for long or broken.

export type FunctionOptions = {
  name: string;
  /** The folder with index.mjs. */
  folder: string;
  env: Record<string, string>;
  log: string;
  memoryMb?: number;
  timeoutMs?: number;
  /** How many run side by side; one more is told 429. */
  concurrency?: number;
  /** By how much its clock is wrong, and that of the machine it is on, which tells it its deadline. */
  clockMs?: number;
};

/** As the Invoke API answers. `functionError` is Unhandled for whatever the function did not answer. */
export type Invoked = { payload: string; functionError?: 'Unhandled' };

export type Invocation = { name: string; ms: number; billedMs: number; error?: string };

export type LambdaFunction = {
  name: string;
  memoryMb: number;
  invoke: (event: unknown) => Promise<Invoked>;
  /** The ended ones. */
  invocations: Invocation[];
  /** Kills every process of it, as when its machine is lost; those in mid-turn end with an error. */
  kill: () => number;
  /** How long each process took from its start to its first question for an event. */
  initMs: number[];
  stop: () => Promise<void>;
};

/** Lambda answered that too many run at once. */
export class Throttled extends Error {
  override name = 'TooManyRequestsException';
}

type Task = { id: string; event: string; startedAt: number; end: (ended: Invoked) => void };

/** One process, and what it is at. */
type Sandbox = {
  child?: ChildProcess;
  stop: () => Promise<void>;
  startedAt: number;
  isUp?: boolean;
  waiting?: ServerResponse;
  task?: Task;
  timer?: NodeJS.Timeout;
};

/** By so much (in `nice`) the processes of functions come behind all others. */
const behind = 5;

/** Lambda gives a process 10 s to start, and has more cores for it. */
const initMaxMs = 30_000;

type State = {
  options: Required<FunctionOptions>;
  runtime: string;
  sandboxes: Set<Sandbox>;
  invocations: Invocation[];
  initMs: number[];
};

export async function startFunction(given: FunctionOptions): Promise<LambdaFunction> {
  const defaults = { memoryMb: 512, timeoutMs: 30_000, concurrency: 10, clockMs: 0 };
  const state: State = {
    options: { ...defaults, ...given },
    runtime: await runtimeInterface(),
    sandboxes: new Set(),
    invocations: [],
    initMs: [],
  };
  return {
    name: given.name,
    memoryMb: state.options.memoryMb,
    invoke: (event) => invoke(state, event),
    invocations: state.invocations,
    initMs: state.initMs,
    kill: () => {
      const busy = [...state.sandboxes].filter(({ task }) => task);
      for (const { child } of state.sandboxes) child?.kill('SIGKILL');
      return busy.length;
    },
    stop: async () => {
      for (const { child } of state.sandboxes) child?.kill('SIGKILL');
      await Promise.all([...state.sandboxes].map(({ stop }) => stop()));
    },
  };
}

async function invoke(state: State, event: unknown): Promise<Invoked> {
  const { name, concurrency } = state.options;
  const idle = [...state.sandboxes].find(({ task, isUp }) => isUp && !task);
  if (!idle && state.sandboxes.size >= concurrency) throw new Throttled(`${name}: Rate Exceeded.`);
  return await new Promise((resolve, reject) => {
    const id = randomUUID();
    const text = JSON.stringify(event);
    const task = { id, event: text, startedAt: performance.now(), end: resolve };
    if (idle) {
      idle.task = task;
      hand(state, idle);
    } else startSandbox(state, task).catch(reject);
  });
}

async function startSandbox(state: State, task: Task): Promise<void> {
  const sandbox: Sandbox = { startedAt: performance.now(), task, stop: async () => {} };
  state.sandboxes.add(sandbox);
  const serving = await serveHere((request, response) =>
    runtimeApi(state, sandbox, request, response),
  );
  sandbox.stop = serving.stop;
  const { folder, env, log, timeoutMs } = state.options;
  const child = spawn(process.execPath, [state.runtime, 'index.handler'], {
    cwd: folder,
    env: { ...lambdaEnvironment(state, serving.url.replace('http://', '')), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  sandbox.child = child;
  // What stands in for AWS goes first, as AWS has other machines for it: or it is silent for longer than the
  // clients of lib/ wait, where many processes of functions begin at once.
  if (child.pid !== undefined) setPriority(child.pid, Math.min(behind + getPriority(), 19));
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => appendFileSync(log, chunk));
  }
  sandbox.timer = setTimeout(() => child.kill('SIGKILL'), Math.max(timeoutMs, initMaxMs));
  child.once('error', (error) => gone(state, sandbox, String(error)));
  child.once('exit', (code, signal) => gone(state, sandbox, String(signal ?? code)));
}

/** Nothing of ours but the PATH: a function has what its configuration gives it, and what Lambda does. */
function lambdaEnvironment({ options }: State, api: string): Record<string, string> {
  const { name, folder, memoryMb, clockMs } = options;
  const wrongClock = join(import.meta.dirname, 'clockAhead.ts');
  return {
    PATH: process.env.PATH ?? '',
    TZ: ':UTC',
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_LAMBDA_FUNCTION_NAME: name,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMb),
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${name}`,
    AWS_LAMBDA_LOG_STREAM_NAME: 'test',
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_RUNTIME_API: api,
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    LAMBDA_TASK_ROOT: folder,
    _HANDLER: 'index.handler',
    ...(clockMs !== 0 && {
      NODE_OPTIONS: `--import ${wrongClock}`,
      SERIN_TEST_CLOCK_MS: String(clockMs),
    }),
  };
}

/** A process has ended, in mid-turn or not. */
function gone(state: State, sandbox: Sandbox, how: string): void {
  if (!state.sandboxes.delete(sandbox)) return;
  const { task } = sandbox;
  const { timeoutMs, log } = state.options;
  const isLate = task && performance.now() - task.startedAt >= timeoutMs;
  const errorType = isLate ? 'Sandbox.Timedout' : 'Runtime.ExitError';
  const tail = existsSync(log) ? readFileSync(log, 'utf8').slice(-2000) : '';
  const words = isLate ? 'Task timed out' : `Error: Runtime exited: ${how}; ${tail}`;
  end(state, sandbox, { errorType, errorMessage: `RequestId: ${task?.id} ${words}` });
  void sandbox.stop();
}

/** What Lambda documents for those who bring their own runtime. */
async function runtimeApi(
  state: State,
  sandbox: Sandbox,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = (request.url ?? '').replace('/2018-06-01/runtime/', '');
  if (path === 'invocation/next') {
    if (!sandbox.isUp) state.initMs.push(performance.now() - sandbox.startedAt);
    sandbox.isUp = true;
    sandbox.waiting = response;
    if (sandbox.task) hand(state, sandbox);
    return;
  }
  const body = (await readBody(request)).toString();
  response.writeHead(202, { 'content-type': 'application/json' }).end('{"status":"OK"}');
  if (path === `invocation/${sandbox.task?.id}/response`) end(state, sandbox, body);
  else if (/^invocation\/[^/]+\/error$|^init\/error$/.test(path)) {
    end(state, sandbox, JSON.parse(body));
  }
}

/** Gives a waiting process its event. */
function hand(state: State, sandbox: Sandbox): void {
  const { task, waiting } = sandbox;
  if (!task || !waiting) return;
  delete sandbox.waiting;
  const { name, timeoutMs, clockMs } = state.options;
  // The start of a process is not of the invocation's own time.
  task.startedAt = performance.now();
  clearTimeout(sandbox.timer);
  sandbox.timer = setTimeout(() => sandbox.child?.kill('SIGKILL'), timeoutMs);
  waiting.writeHead(200, {
    'content-type': 'application/json',
    'lambda-runtime-aws-request-id': task.id,
    'lambda-runtime-deadline-ms': String(Date.now() + clockMs + timeoutMs),
    'lambda-runtime-invoked-function-arn': `arn:aws:lambda:${region}:${account}:function:${name}`,
    'lambda-runtime-trace-id': traceId(task),
  });
  waiting.end(task.event);
}

/** Sampled: what a function makes of that is its configuration's business. */
function traceId({ id }: Task): string {
  const hex = id.replaceAll('-', '');
  return `Root=1-00000000-${hex.slice(0, 24)};Parent=${hex.slice(0, 16)};Sampled=1`;
}

type Failure = { errorType: string; errorMessage: string };

function end({ options, invocations }: State, sandbox: Sandbox, ended: string | Failure): void {
  const { task } = sandbox;
  clearTimeout(sandbox.timer);
  delete sandbox.task;
  if (!task) return;
  const ms = performance.now() - task.startedAt;
  const failed = typeof ended === 'string' ? {} : { error: ended.errorMessage };
  invocations.push({ name: options.name, ms, billedMs: Math.max(1, Math.ceil(ms)), ...failed });
  task.end(
    typeof ended === 'string'
      ? { payload: ended }
      : { payload: JSON.stringify(ended), functionError: 'Unhandled' },
  );
}
