import { Terminal } from '../errors.ts';
import type { HttpAnswer } from '../model/httpRequest.ts';
import type { Exchange } from '../model/inquiry.ts';
import type { Sources } from '../observe/ask.ts';
import type { Aws, Cluster, Http } from '../world.ts';

// Whom a measurement that is tried reaches, and what was said there. It writes nothing.

/** Shorter texts of Secrets are names such as a region, and hiding them would hide everything. */
const secretMin = 4;

export type Noted = {
  sources: Sources;
  /** What is asked from now on. */
  begin: () => { exchanges: Exchange[] };
  keepSecret: (...texts: string[]) => void;
  /** Texts that nobody is to read in what is shown. */
  secrets: () => string[];
};

/** What is read from, with a note of each question, and of each secret that was read. */
export function noted(from: Sources): Noted {
  const secrets = new Set<string>();
  let exchanges: Exchange[] = [];
  const keep = (text: string): void => {
    if (text.length >= secretMin) secrets.add(text);
  };
  const note = async <T>(
    request: string,
    call: () => Promise<T>,
    told: (answer: T) => Omit<Exchange, 'request'> = (answer) => ({ body: JSON.stringify(answer) }),
  ): Promise<T> => {
    try {
      const answer = await call();
      exchanges.push({ request, ...told(answer) });
      return answer;
    } catch (error) {
      exchanges.push({ request, error: (error as Error).message });
      throw error;
    }
  };
  const http: Http = async (read, endsAt) => {
    const send = await from.http();
    const { method, url, body: sent } = read.http;
    const request = `${method} ${url}${sent ? ` ${sent}` : ''}`;
    const told = ({ status, body }: HttpAnswer) => ({ status, body });
    return await note(request, () => send(read, endsAt), told);
  };
  const aws = async (): Promise<Aws> => {
    const own = await from.aws();
    return {
      ...own,
      metricData: (input) =>
        note(`cloudwatch:GetMetricData ${JSON.stringify(input.queries)}`, () =>
          own.metricData(input),
        ),
      invokeFunction: (input) =>
        note(`lambda:Invoke ${input.functionName} ${input.payload}`, () =>
          own.invokeFunction(input),
        ),
    };
  };
  return {
    sources: {
      cluster: readable(from.cluster, keep),
      aws,
      http: async () => http,
      secrets: async () => {
        const read = await from.secrets();
        return async (ref) => {
          const text = await read(ref);
          keep(text);
          return text;
        };
      },
      endsAt: from.endsAt,
    },
    begin: () => {
      exchanges = [];
      return { exchanges };
    },
    keepSecret: (...texts) => texts.filter(Boolean).forEach((text) => void secrets.add(text)),
    secrets: () => [...secrets],
  };
}

/** A cluster in which nothing is written. */
function readable({ doorbell, get, list }: Cluster, keep: (text: string) => void): Cluster {
  const refuse = (): Promise<never> => {
    throw new Terminal('nothing is written to a cluster here');
  };
  return {
    ...{ doorbell, create: refuse, patch: refuse, remove: refuse, evict: refuse, list },
    get: async (ref) => {
      const found = await get(ref);
      const { data = {} } = (ref.kind === 'Secret' ? found : {}) as {
        data?: Record<string, string>;
      };
      for (const text of Object.values(data)) keep(Buffer.from(text, 'base64').toString('utf8'));
      return found;
    },
  };
}
