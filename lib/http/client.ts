import { MissingRight, Terminal, Transient } from '../errors.ts';
import {
  type HttpAnswer,
  type HttpRequest,
  type ServiceAddress,
  viaOf,
} from '../model/httpRequest.ts';
import type { HttpRead } from '../model/reads.ts';
import { type Millis, secondMs } from '../model/units.ts';
import type { Http } from '../world.ts';
import { oauth2Tokens, type Tokens } from './oauth2.ts';
import { checkLiteral, guardedLookup, type Policy, type Resolve, resolveAll } from './reach.ts';
import { redirected, redirectsMax } from './redirects.ts';
import { type Connections, connectionsBy, type Sent, send } from './send.ts';
import { type CredentialsFor, signed } from './sigV4.ts';
import { slots } from './slots.ts';
import { failureText, lateText } from './words.ts';

/** So many requests are under way at once; more wait. */
const sideBySide = 50;
/** What a turn keeps of its time for what comes after its reads. */
const afterwardsMs: Millis = 10 * secondMs;

/** One request to a Service by way of something else: the cluster's API server. */
export type ServiceWay = (request: Sent, signal: AbortSignal) => Promise<HttpAnswer>;

export type HttpOptions = {
  policy: Policy;
  /** Which way a Service of the cluster is reached. Rejects with Terminal where it is not to be. */
  service: (address: ServiceAddress) => Promise<'direct' | ServiceWay>;
  credentialsFor: CredentialsFor;
  userAgent: string;
  /** The longest that is waited for an answer, whatever the manifest says. */
  longestMs?: Millis;
  now?: () => Millis;
  resolve?: Resolve;
};

/** Requests of measurements, to whom the policy lets them reach. */
export function httpClient(options: HttpOptions): Http {
  const { policy, now = Date.now, longestMs = Number.POSITIVE_INFINITY } = options;
  const connections = connectionsBy(guardedLookup(policy, options.resolve ?? resolveAll));
  const tokens = oauth2Tokens();
  const enter = slots(sideBySide);
  return async (read, endsAt) => {
    const { http } = read;
    const wantedMs = Math.min(http.timeoutMs, longestMs);
    const leftMs = endsAt - afterwardsMs - now();
    const first = requestOf(http, options.userAgent);
    const noTime = `${http.method} ${first.url.host}: no time is left for an answer`;
    if (leftMs <= 0) throw new Transient(noTime);
    const limit = AbortSignal.timeout(Math.min(wantedMs, leftMs, 2 ** 31 - 1));
    try {
      const leave = await enter(limit);
      try {
        return await answered({ ...options, now, connections, tokens }, { read, first }, limit);
      } finally {
        leave();
      }
    } catch (error) {
      if (limit.aborted) {
        if (leftMs < wantedMs) throw new Transient(noTime);
        throw new Terminal(lateText(first, wantedMs));
      }
      const text = failureText(error, first);
      if (error instanceof MissingRight) throw new MissingRight(text, error.remedy);
      throw new Terminal(text, { cause: error });
    }
  };
}

type Sending = HttpOptions & { now: () => Millis; connections: Connections; tokens: Tokens };

async function answered(
  sending: Sending,
  { read: { http, via }, first }: { read: HttpRead; first: Sent },
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const { policy, connections, tokens, now } = sending;
  const out: ServiceWay = async (request, until) => {
    checkLiteral(request.url, policy);
    return await send(connections, request, until);
  };
  const way = via === 'internet' ? 'direct' : await sending.service(via.service);
  const go = way === 'direct' ? out : way;
  const asking = {
    now,
    send: async (asked: Sent) => {
      const place = viaOf(asked.url.href);
      const there = place === 'internet' ? 'direct' : await sending.service(place.service);
      const request = { ...asked, insecure: first.insecure };
      return await (there === 'direct' ? out : there)(request, signal);
    },
  };
  const request = await authorized(http, first, { ...sending, asking, tokens });
  // Through a proxy an answer that points elsewhere would be followed from there.
  return await followed(request, go, { signal, max: way === 'direct' ? redirectsMax : 0 });
}

async function followed(
  first: Sent,
  go: ServiceWay,
  { signal, max }: { signal: AbortSignal; max: number },
): Promise<HttpAnswer> {
  let request = first;
  for (let count = 0; ; count += 1) {
    const answer = await go(request, signal);
    const next = redirected(request, answer);
    if (next === undefined) return answer;
    if (count === max)
      throw new Terminal(
        max === 0 ? 'redirects are not followed' : `stopped after ${max} redirects`,
      );
    request = checked(next);
  }
}

type Authorizing = Sending & { asking: Parameters<Tokens>[1] };

async function authorized(
  { auth }: HttpRequest,
  request: Sent,
  { asking, tokens, policy, credentialsFor }: Authorizing,
): Promise<Sent> {
  if (auth === undefined) return request;
  if ('sigV4' in auth) {
    const isTrusted = ({ hostname }: URL) => policy.hosts.includes(hostname);
    return await signed(request, auth.sigV4, { credentialsFor, isTrusted });
  }
  const Authorization = await tokens(auth.oauth2, asking);
  return { ...request, headers: { ...without(request.headers, 'authorization'), Authorization } };
}

/** Those that say how a request is carried are the client's. */
const own = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Throws Terminal where its address is none that is asked. */
function requestOf(
  { method, url: text, headers, body, insecure }: HttpRequest,
  userAgent: string,
): Sent {
  const url = URL.parse(text);
  if (!url) throw new Terminal(`${JSON.stringify(text)} is no address of a server`);
  const named = new Map<string, readonly [string, string]>([
    ['user-agent', ['User-Agent', userAgent]],
    ['accept-encoding', ['Accept-Encoding', 'gzip']],
    ...(url.username === '' ? [] : [['authorization', ['Authorization', basicOf(url)]] as const]),
    ...headers
      .filter(([name]) => !own.has(name.toLowerCase()))
      .map(([name, value]) => [name.toLowerCase(), [name, value]] as const),
  ]);
  return checked({
    ...{ url, method, insecure },
    headers: Object.fromEntries(named.values()),
    ...(body !== undefined && { body }),
  });
}

function checked(request: Sent): Sent {
  const { protocol } = request.url;
  if (protocol === 'http:' || protocol === 'https:') return request;
  throw new Terminal(`unsupported protocol scheme "${protocol.slice(0, -1)}"`);
}

function basicOf({ username, password }: URL): string {
  const both = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return `Basic ${Buffer.from(both).toString('base64')}`;
}

function without(headers: Record<string, string>, name: string): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([key]) => key.toLowerCase() !== name));
}
