import { createHmac } from 'node:crypto';
import { type HookDeps, receive } from '../../lib/hooks/receive.ts';
import { cachedSecrets } from '../../lib/hooks/sender.ts';
import { type HookSettings, hookSettings } from '../../lib/hooks/settings.ts';
import type { RolloutView } from '../../lib/model/view.ts';
import type { Store } from '../../lib/world.ts';
import { key, makeApi, makeRecord, makeView, start } from '../api/support.ts';
import { revision } from './payloads.ts';

const secret = 'a-secret-of-32-characters-or-more';
export const image = `registry.example/front-api:${revision}`;
const place = { cluster: 'prod', namespace: 'shop', rollout: 'front-api' };

export function makeHook(kind: HookSettings['kind'], rules: object[] = [imageRule(kind)]) {
  return hookSettings.parse({ id: 'shop', kind, secrets: [{ ssm: '/serin/hooks/shop' }], rules });
}

const named = {
  circleci: { project: 'github/acme/front-api', workflow: 'release' },
  github: { project: 'acme/front-api', workflow: 'Release' },
  hmac: { project: 'acme/front-api', workflow: 'release' },
};

export function makeRule(kind: HookSettings['kind'], when: object, action: object) {
  return {
    when: {
      ...named[kind],
      status: 'success',
      ...('tag' in when ? {} : { branch: 'main' }),
      ...when,
    },
    do: { ...place, ...action },
  };
}

export const setsImage = {
  action: 'image',
  container: 'front-api',
  image: 'registry.example/front-api:{revision}',
};

export function imageRule(kind: HookSettings['kind'], when: object = {}) {
  return makeRule(kind, when, setsImage);
}

/** As reconcile does: carries out the open commands of a rollout, and counts how often. */
function carrying(done: string[]) {
  return async ({ store, now }: { store: Store; now: number }): Promise<RolloutView> => {
    const record = await store.load(key);
    if (record === undefined) throw new Error('there is no record');
    const intents = record.intents.map((intent) => {
      if (intent.outcome !== undefined) return intent;
      done.push(intent.command.verb);
      return { ...intent, outcome: { result: 'done' as const, detail: 'It is done.', at: now } };
    });
    await store.save({ ...record, intents });
    return makeView({ observedAt: now });
  };
}

type Options = { store?: (memory: Store) => Partial<Store>; deps?: Partial<HookDeps> };

/** The webhooks over a store in memory, with a rollout that is paused at its first step. */
export async function makeHooks(hooks: HookSettings[], options: Options = {}) {
  const done: string[] = [];
  const api = await makeApi({ record: makeRecord(), effect: carrying(done) });
  const { world, newId } = api.deps;
  const store = { ...api.memory, ...options.store?.(api.memory) };
  const secrets = new Map([['/serin/hooks/shop', secret]]);
  const asked: string[] = [];
  const fetchSecret = async ({ ssm }: { ssm: string }) => {
    asked.push(ssm);
    const found = secrets.get(ssm);
    if (found === undefined) throw new Error(`no parameter ${ssm}`);
    return found;
  };
  const deps: HookDeps = {
    world: { ...world, store, processId: 'p-1' },
    newId,
    hooks: async () => hooks,
    secret: cachedSecrets(fetchSecret, world.clock),
    ...options.deps,
  };
  const send = async (request: Request) => {
    const response = await receive(deps, request);
    // biome-ignore lint/suspicious/noExplicitAny: what came is what the tests look into
    const body = JSON.parse((await response.text()) || 'null') as any;
    return { status: response.status, headers: response.headers, body };
  };
  return { ...api, deps, done, secrets, asked, send };
}

export type Wire = { headers?: Record<string, string>; id?: string; secret?: string; at?: number };

/** A delivery as its sender makes it. */
export function signed(
  kind: HookSettings['kind'],
  payload: object | string,
  { headers = {}, id = 'shop', secret: with_ = secret, at = start }: Wire = {},
): Request {
  const body = typeof payload === 'string' ? payload : JSON.stringify(payload);
  return new Request(`https://serin.invalid/v1/hooks/${id}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...signature(kind, body, with_, at),
      ...headers,
    },
    body,
  });
}

export function hmac(text: string, with_ = secret): string {
  return createHmac('sha256', with_).update(text).digest('hex');
}

function signature(
  kind: HookSettings['kind'],
  body: string,
  with_: string,
  at: number,
): Record<string, string> {
  if (kind === 'circleci') return { 'circleci-signature': `v1=${hmac(body, with_)}` };
  if (kind === 'github') return { 'x-hub-signature-256': `sha256=${hmac(body, with_)}` };
  const timestamp = String(Math.floor(at / 1000));
  return {
    'serin-timestamp': timestamp,
    'serin-signature': `v1=${hmac(`${timestamp}.${body}`, with_)}`,
  };
}
