import { Agent, get } from 'node:http';
import { defined } from '../../lib/model/defined.ts';
import { versionHeader } from './backends.ts';

// A client of the gateway that sends at a steady rate, whatever the answers are.

export type Answer = {
  /** When the request was sent, by this machine's clock. */
  at: number;
  /** Of the pod that answered, if one did. */
  version?: string;
  /** Why it counts as failed, and when. With a version it is the pod itself that failed it. */
  failure?: string;
  failedAt?: number;
};

export type Client = {
  answers: Answer[];
  /** Stops sending, and resolves once each request has its answer. */
  stop: () => Promise<void>;
};

const tickMs = 5;
const timeoutMs = 10_000;
/** After this process was held up, so many at once; what else was due is not sent. */
const burstMax = 20;

export function startClient(port: number, host: string, perSecond: number): Client {
  const agent = new Agent({ keepAlive: true });
  const answers: Answer[] = [];
  const pending = new Set<Promise<void>>();
  const startedAt = performance.now();
  let sent = 0;
  const send = (): void => {
    const answer = request({ port, host, agent }).then((each) => void answers.push(each));
    pending.add(answer);
    void answer.then(() => pending.delete(answer));
  };
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - startedAt) * perSecond) / 1000);
    sent = Math.max(sent, due - burstMax);
    for (; sent < due; sent += 1) send();
  }, tickMs);
  return {
    answers,
    stop: async () => {
      clearInterval(timer);
      await Promise.all(pending);
      agent.destroy();
    },
  };
}

type Way = { port: number; host: string; agent: Agent };

function request({ port, host, agent }: Way): Promise<Answer> {
  const at = Date.now();
  return new Promise((resolve) => {
    const failed = (failure: string, version?: string): void =>
      resolve({ at, failure, failedAt: Date.now(), ...defined({ version }) });
    const where = { host: '127.0.0.1', port, path: '/', headers: { host }, timeout: timeoutMs };
    const sent = get({ ...where, agent }, (answer) => {
      answer.on('error', (error) => failed(String(error)));
      answer.on('end', () => {
        const version = String(answer.headers[versionHeader] ?? '') || undefined;
        if (answer.statusCode !== 200) failed(`status ${answer.statusCode}`, version);
        else if (version === undefined) failed('an answer of no pod');
        else resolve({ at, version });
      });
      answer.resume();
    });
    sent.on('timeout', () => sent.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    sent.on('error', (error: NodeJS.ErrnoException) => failed(error.code ?? error.message));
  });
}

/** Of what was answered of requests sent from `from` until `to`, the part of each version in percent. */
export function shares(answers: Answer[], from: number, to = Number.POSITIVE_INFINITY) {
  const counts: Record<string, number> = {};
  let total = 0;
  for (const { at, version } of answers) {
    if (version === undefined || at < from || at >= to) continue;
    counts[version] = (counts[version] ?? 0) + 1;
    total += 1;
  }
  return Object.fromEntries(
    Object.entries(counts).map(([version, count]) => [version, (count / total) * 100]),
  );
}

/** Failed requests sent from `from` until `to`. */
export function failures(answers: Answer[], from = 0, to = Number.POSITIVE_INFINITY): Answer[] {
  return answers.filter(({ at, failure }) => failure !== undefined && at >= from && at < to);
}
