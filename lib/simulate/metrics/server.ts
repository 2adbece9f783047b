import { Terminal } from '../../errors.ts';
import type { HttpAnswer, HttpRequest } from '../../model/httpRequest.ts';
import { type Millis, secondMs } from '../../model/units.ts';
import type { Clock, Http } from '../../world.ts';
import { prometheusAnswer } from './prometheus.ts';

// A server of metrics whose answers stand in the address, so that whoever writes a metric chooses them:
//
//   /TOKEN/value/JSON      that JSON, or that text
//   /TOKEN/seq/A,B,C?WHO   A at first, then B, then C for ever
//                          an item is JSON; `!503` is a status, `~2` is 2 s late
//   /TOKEN/gauge/NAME      what was set there last, 1 before
//   /TOKEN/status/CODE     that status, with {"ok":false}
//   /TOKEN/slow/SECONDS/JSON
//   /TOKEN/echo            the request: method, path, headers, body, and the body as JSON
//   /TOKEN/prom/FORM/api/v1/query   an answer of Prometheus: prometheus.ts says of which forms

export type MetricServer = {
  http: Http;
  /** What a gauge shows from now on. */
  set: (token: string, name: string, value: unknown) => void;
  /** What was asked, in order. */
  asked: readonly HttpRequest[];
};

type Gauges = Map<string, unknown>;
type Reply = { status?: number; text: string; delayMs?: Millis };

/** The host it has in a simulated world. No other one is there. */
const host = 'metrics';

export function metricServer(clock: Clock): MetricServer {
  const gauges: Gauges = new Map();
  const turns = new Map<string, number>();
  const asked: HttpRequest[] = [];
  const next = (path: string): number => {
    const turn = turns.get(path) ?? 0;
    turns.set(path, turn + 1);
    return turn;
  };
  const http: Http = async ({ http: request }) => {
    asked.push(request);
    const url = new URL(request.url);
    if (url.hostname === '127.0.0.1') {
      throw failure(request, `dial tcp ${url.host}: connect: connection refused`);
    }
    if (url.hostname !== host) {
      throw failure(request, `dial tcp: lookup ${url.hostname}: no such host`);
    }
    const { status = 200, text, delayMs = 0 } = replyTo(request, url, { gauges, next });
    const isTooLate = delayMs > request.timeoutMs;
    if (delayMs > 0) await clock.sleepUntil(clock.now() + Math.min(delayMs, request.timeoutMs));
    if (isTooLate) {
      const late = 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)';
      throw failure(request, late);
    }
    const headers = { 'content-type': 'application/json' };
    return { status, headers, body: text } satisfies HttpAnswer;
  };
  return {
    http,
    set: (token, name, value) => gauges.set(`${token} ${name}`, value),
    asked,
  };
}

/** As Go's client says it. */
function failure({ method, url }: HttpRequest, why: string): Terminal {
  const verb = method.charAt(0) + method.slice(1).toLowerCase();
  return new Terminal(`${verb} "${url}": ${why}`);
}

type Known = { gauges: Gauges; next: (path: string) => number };

function replyTo(request: HttpRequest, url: URL, { gauges, next }: Known): Reply {
  const [, token = '', kind = '', ...others] = url.pathname.split('/');
  const rest = decodeURIComponent(others.join('/'));
  const gauge = (name: string): unknown => gauges.get(`${token} ${name}`) ?? 1;
  switch (kind) {
    case 'value':
      return { text: rest };
    case 'gauge':
      return { text: JSON.stringify(gauge(rest)) };
    case 'status':
      return { status: Number(rest), text: '{"ok":false}' };
    case 'slow': {
      const [seconds = '0', ...text] = rest.split('/');
      return { text: text.join('/'), delayMs: Number(seconds) * secondMs };
    }
    case 'seq': {
      const items = rest.split(',');
      return item(items[Math.min(next(url.pathname + url.search), items.length - 1)] ?? '');
    }
    case 'echo':
      return { text: echo(request, url) };
    case 'prom': {
      const [, form = ''] = /^(.*)\/api\/v1\/query(?:_range)?$/.exec(rest) ?? [];
      return prometheusAnswer(form, gauge);
    }
    default:
      return { status: 404, text: '{"error":"no such path"}' };
  }
}

function item(text: string): Reply {
  if (text.startsWith('!')) return { status: Number(text.slice(1)), text: '{"ok":false}' };
  if (text.startsWith('~')) return { text: '1', delayMs: Number(text.slice(1)) * secondMs };
  return { text };
}

function echo({ method, headers, body = '' }: HttpRequest, url: URL): string {
  const [, , ...path] = url.pathname.split('/');
  const sent = headers.map(([name, value]) => [name.toLowerCase(), value] as const);
  const shown = sent.filter(([name]) => /^(content-type|authorization|x-.*)$/.test(name));
  return JSON.stringify({
    method,
    path: path.join('/') + url.search,
    headers: Object.fromEntries(shown),
    body,
    json: jsonOf(body),
  });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
