import { systemClock } from '../../../lib/clock.ts';
import type { HttpRequest } from '../../../lib/model/httpRequest.ts';
import { minuteMs } from '../../../lib/model/units.ts';
import { metricServer } from '../../../lib/simulate/metrics/server.ts';
import { readBody, serveHere } from '../../aws/http.ts';

/** The server of metrics that simulations have, on loopback, for both controllers. */
export type Metrics = {
  /** What a scenario asks, and what it changes, under a name of its own. */
  urlOf: (token: string) => string;
  set: (token: string, gauge: string, value: unknown) => void;
  stop: () => Promise<void>;
};

export async function serveMetrics(): Promise<Metrics> {
  const { http, set } = metricServer(systemClock);
  const { url, stop } = await serveHere(async (request, response) => {
    const { method = 'GET', url: path = '/', rawHeaders } = request;
    const headers = rawHeaders.flatMap((name, index): HttpRequest['headers'][number][] =>
      index % 2 === 0 ? [[name, rawHeaders[index + 1] ?? '']] : [],
    );
    const body = (await readBody(request)).toString();
    // Whoever asks says when it is too late for them.
    const timeoutMs = 5 * minuteMs;
    const asked = { method, url: `http://metrics${path}`, headers, body, timeoutMs, nonce: '' };
    const endsAt = systemClock.now() + timeoutMs;
    const answer = await http({ http: asked, via: 'internet' }, endsAt);
    response.writeHead(answer.status, answer.headers);
    response.end(answer.body);
  });
  return { urlOf: (token) => `${url}/${token}`, set, stop };
}
