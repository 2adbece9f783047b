import type {
  APIGatewayProxyEventV2,
  APIGatewayProxyStructuredResultV2,
  Context,
} from 'aws-lambda';
import { expect } from 'vitest';
import { apiHandler } from '../../functions/api.ts';
import type { ApiDeps } from '../../lib/api/call.ts';
import { localAuthenticate } from '../../lib/api/localToken.ts';
import { apiRoutes } from '../../lib/api/routes.ts';
import { NotFound } from '../../lib/errors.ts';
import type { Intent, Outcome } from '../../lib/model/intent.ts';
import type { RolloutKey } from '../../lib/model/key.ts';
import type { Progress, RolloutRecord } from '../../lib/model/record.ts';
import type { RolloutView } from '../../lib/model/view.ts';
import { memoryStore } from '../../lib/store/embedded.ts';
import type { Clock, InvokeRequest, QueueMessage, Store } from '../../lib/world.ts';

export const key: RolloutKey = { cluster: 'prod', namespace: 'shop', name: 'front-api' };
export const path = '/v1/clusters/prod/namespaces/shop/rollouts/front-api';
export const token = 'the-token-of-this-test';
export const start = Date.parse('2026-11-22T10:00:00Z');

/** A release at its first pause: revision 2 as canary, step 1 of 6. */
export function makeProgress(over: Partial<Progress> = {}): Progress {
  return {
    uid: 'uid-1',
    resourceVersion: '100',
    generation: 2,
    observedAt: start - 1000,
    phase: 'Paused',
    message: 'CanaryPauseStep',
    currentPodHash: 'bbb',
    stableRS: 'aaa',
    currentStepHash: 'steps',
    currentStepIndex: 1,
    stepCount: 6,
    pauseReason: 'CanaryPauseStep',
    pauseStart: '2026-11-22T09:59:00Z',
    controllerPause: true,
    abort: false,
    promoteFull: false,
    userPaused: false,
    specReplicas: 2,
    revision: 2,
    images: ['front-api:new'],
    restartedAt: null,
    ...over,
  };
}

/** The same release as people see it. */
export function makeView(over: Partial<RolloutView> = {}): RolloutView {
  const set = {
    status: 'Healthy',
    createdAt: start,
    desired: 1,
    current: 1,
    available: 1,
  } as const;
  return {
    ...key,
    uid: 'uid-1',
    resourceVersion: '100',
    generation: 2,
    observedAt: start - 1000,
    createdAt: start - 60_000,
    phase: 'Paused',
    message: 'CanaryPauseStep',
    strategy: 'Canary',
    step: { index: 1, count: 6, current: 'pause' },
    setWeight: 1,
    actualWeight: 50,
    images: [{ image: 'front-api:new', tags: ['canary'] }],
    replicas: { desired: 2, current: 2, updated: 1, ready: 2, available: 2 },
    revisions: [
      {
        revision: 2,
        replicaSets: [
          {
            ...set,
            name: 'front-api-bbb',
            podHash: 'bbb',
            images: ['front-api:new'],
            roles: ['canary'],
          },
        ],
      },
      {
        revision: 1,
        replicaSets: [
          {
            ...set,
            name: 'front-api-aaa',
            podHash: 'aaa',
            images: ['front-api:old'],
            roles: ['stable'],
          },
        ],
      },
    ],
    revision: 2,
    podHash: 'bbb',
    stableHash: 'aaa',
    pauseStart: '2026-11-22T09:59:00Z',
    paused: true,
    aborted: false,
    reasons: [
      { text: 'Paused at step 2 of 6', since: start - 60_000, unblock: 'promote or abort it' },
    ],
    wake: { waitsFor: 'a promote' },
    ...over,
  };
}

/** Nothing is being released: revision 1 is all there is. */
export const settledProgress = {
  phase: 'Healthy',
  message: '',
  currentPodHash: 'aaa',
  currentStepIndex: 6,
  pauseReason: null,
  pauseStart: null,
  controllerPause: false,
  images: ['front-api:old'],
} satisfies Partial<Progress>;
export const settledView = {
  phase: 'Healthy',
  message: '',
  podHash: 'aaa',
  step: { index: 6, count: 6 },
  pauseStart: null,
  paused: false,
} satisfies Partial<RolloutView>;

export function makeRecord(over: Partial<RolloutRecord> = {}): RolloutRecord {
  const progress = makeProgress();
  return { key, version: 0, intents: [], polls: 0, progress, view: makeView(), ...over };
}

export function makeIntent(over: Partial<Intent> = {}): Intent {
  return {
    id: 'earlier',
    command: { verb: 'promote' },
    actor: { name: 'ada', proof: 'verified' },
    bound: { uid: 'uid-1', generation: 2, podHash: 'bbb', stepIndex: 1, pauseStart: null },
    acceptedAt: start,
    ...over,
  };
}

type Effect = (request: InvokeRequest) => Promise<RolloutView>;
export type Ask = {
  headers?: Record<string, string>;
  /** undefined: nothing is sent. An object is sent as JSON. */
  body?: object | string | undefined;
  /** null: no Authorization header. */
  token?: string | null;
};
export type Told = {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: what came is what the tests look into
  body: any;
};

/**
 * The API over a store in memory. `effect` is what invoking reconcile does; without one nothing happens
 * and the rollout looks as `look` says, which is as the record does if it says nothing.
 */
export async function makeApi(
  options: {
    record?: RolloutRecord | null;
    effect?: (fake: { store: Store; now: number }) => Promise<RolloutView>;
    look?: (() => Promise<RolloutView>) | undefined;
    store?: Partial<Store>;
    deps?: Partial<ApiDeps>;
    via?: 'fetch' | 'lambda';
    /** Told of the time that a request waits out. */
    waits?: (ms: number) => void;
  } = {},
) {
  let now = start;
  const clock: Clock = {
    now: () => now,
    sleepUntil: async (at) => {
      options.waits?.(Math.max(0, at - now));
      now = Math.max(now, at);
    },
  };
  const memory = memoryStore(clock);
  const record = options.record === undefined ? makeRecord() : options.record;
  if (record !== null) await memory.save(record);
  const store: Store = { ...memory, ...options.store };
  const invoked: InvokeRequest[] = [];
  const wakes: QueueMessage[] = [];
  const logged: string[] = [];
  const recordView: Effect = async () => {
    const stored = await memory.load(key);
    if (stored?.view === undefined) throw new NotFound('there is no such rollout');
    return stored.view;
  };
  let ids = 0;
  const deps: ApiDeps = {
    world: {
      clock,
      store,
      wakes: {
        send: async (message) => {
          wakes.push(message);
        },
      },
      log: (level, message) => logged.push(`${level} ${message}`),
      clusters: async () => ['prod', 'staging'].map((name) => ({ name, doorbell: true })),
      inquire: async () => {
        throw new NotFound('nothing is connected');
      },
      invoke: async (request) => {
        invoked.push(request);
        if (request.look === true)
          return { view: await (options.look ?? (() => recordView(request)))() };
        return {
          view: await (options.effect?.({ store: memory, now }) ??
            options.look?.() ??
            recordView(request)),
        };
      },
    },
    authenticate: localAuthenticate(token, 'ada'),
    newId: () => {
      ids += 1;
      return `id-${ids}`;
    },
    ...options.deps,
  };
  const send = options.via === 'lambda' ? lambdaSender(deps) : fetchSender(deps);
  return {
    deps,
    memory,
    invoked,
    wakes,
    logged,
    setNow: (at: number) => {
      now = at;
    },
    stored: () => memory.load(key),
    get: (target: string, ask: Ask = {}) => send('GET', target, ask),
    post: (verb: string, ask: Ask = {}) => send('POST', `${path}/${verb}`, ask),
    send,
  };
}

export type Send = (method: string, target: string, ask?: Ask) => Promise<Told>;

function fetchSender(deps: ApiDeps): Send {
  const app = apiRoutes(deps);
  return async (method, target, ask = {}) => {
    const { headers, body } = wire(ask);
    const init = { method, headers, ...(body === undefined ? {} : { body }) };
    const response = await app.fetch(new Request(`http://127.0.0.1${target}`, init));
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: parsed(text) };
  };
}

function lambdaSender(deps: ApiDeps): Send {
  const handler = apiHandler(deps);
  return async (method, target, ask = {}) => {
    const { headers, body } = wire(ask);
    const event = makeEvent(method, target, { headers, body });
    const result: APIGatewayProxyStructuredResultV2 = await handler(event, {} as Context);
    const told = new Headers(result.headers as Record<string, string>);
    return { status: result.statusCode ?? 0, headers: told, body: parsed(result.body ?? '') };
  };
}

export function makeEvent(
  method: string,
  target: string,
  { headers, body }: { headers: Record<string, string>; body?: string | undefined },
): APIGatewayProxyEventV2 {
  const [rawPath = '', rawQueryString = ''] = target.split('?');
  const http = {
    method,
    path: rawPath,
    protocol: 'HTTP/1.1',
    sourceIp: '127.0.0.1',
    userAgent: 'test',
  };
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath,
    rawQueryString,
    headers,
    ...(body === undefined ? {} : { body: Buffer.from(body).toString('base64') }),
    isBase64Encoded: body !== undefined,
    requestContext: {
      accountId: 'anonymous',
      apiId: 'local',
      domainName: '127.0.0.1',
      domainPrefix: 'local',
      http,
      requestId: 'r-1',
      routeKey: '$default',
      stage: '$default',
      time: '',
      timeEpoch: start,
    },
  };
}

function wire({ headers = {}, body, token: shown = token }: Ask) {
  const text = typeof body === 'object' ? JSON.stringify(body) : body;
  return {
    headers: {
      host: '127.0.0.1:8080',
      ...(shown === null ? {} : { authorization: `Bearer ${shown}` }),
      ...(text === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    body: text,
  };
}

function parsed(text: string): unknown {
  if (text.startsWith('# HELP')) return text;
  return text === '' ? undefined : JSON.parse(text);
}

/** What reconcile does to an intent: it closes all open ones, and the rollout then looks like `view`. */
export function closing(outcome: Partial<Outcome>, view: Partial<RolloutView> = {}) {
  return async ({ store, now }: { store: Store; now: number }): Promise<RolloutView> => {
    const record = await store.load(key);
    const after = makeView({ observedAt: now, ...view });
    if (record === undefined) return after;
    const closed = { result: 'done' as const, detail: 'It was promoted.', at: now, ...outcome };
    const intents = record.intents.map((each) => ({ outcome: closed, ...each }));
    await store.save({ ...record, intents, view: after });
    return after;
  };
}

/** Posts, and demands a problem document and a record that is byte for byte what it was. */
export async function refused(
  options: Parameters<typeof makeApi>[0],
  verb: string,
  ask: Ask = {},
): Promise<Told & { detail: string }> {
  const api = await makeApi(options);
  const before = JSON.stringify(await api.stored());
  const told = await api.post(verb, ask);
  expect(JSON.stringify(await api.stored())).toBe(before);
  expect(told.headers.get('content-type')).toBe('application/problem+json');
  expect(told.body).toMatchObject({ instance: `${path}/${verb}`, status: told.status });
  return { ...told, detail: told.body.detail };
}
