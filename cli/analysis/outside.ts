import { Terminal } from '../../lib/errors.ts';
import { contextOf } from '../../lib/kubernetes/kubeconfig.ts';
import { kubernetesCluster } from '../../lib/kubernetes/kubernetes.ts';
import { awsSecrets, metricAws } from '../../lib/measure/account.ts';
import { localHttp } from '../../lib/measure/localHttp.ts';
import type { HttpAnswer } from '../../lib/model/httpRequest.ts';
import type { Sources } from '../../lib/observe/ask.ts';
import type { Aws, Cluster, Http, MetricAws } from '../../lib/world.ts';
import { ownVersion } from '../version.ts';

// Whom a measurement that is tried reaches from this machine, and what was said there.

/** What was asked and answered. Headers are left out: credentials lie in them. */
export type Exchange = { request: string; status?: number; body?: string; error?: string };

/** Shorter texts of Secrets are names such as a region, and hiding them would hide everything. */
const secretMin = 4;

export function outsideOf({ kubeconfig, context }: { kubeconfig?: string; context?: string }) {
  const userAgent = `serin/${ownVersion()}`;
  const secrets = new Set<string>();
  let exchanges: Exchange[] = [];
  const live = kubeconfig === undefined ? undefined : clusterOf(kubeconfig, context, userAgent);
  const keep = (text: string): void => {
    if (text.length >= secretMin) secrets.add(text);
  };
  const noted = async <T>(
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
  const send = localHttp(() => live ?? {}, userAgent);
  const http: Http = async (read, endsAt) => {
    const { method, url, body: sent } = read.http;
    const request = `${method} ${url}${sent ? ` ${sent}` : ''}`;
    const told = ({ status, body }: HttpAnswer) => ({ status, body });
    return await noted(request, () => send(read, endsAt), told);
  };
  const own = metricAws({});
  const aws: MetricAws = {
    metricData: (input) =>
      noted(`cloudwatch:GetMetricData ${JSON.stringify(input.queries)}`, () =>
        own.metricData(input),
      ),
    invokeFunction: (input) =>
      noted(`lambda:Invoke ${input.functionName} ${input.payload}`, () =>
        own.invokeFunction(input),
      ),
  };
  const readSecret = awsSecrets({});
  const sources: Sources = {
    cluster: readable(live, keep),
    // Measurements ask nothing of load balancers.
    aws: async () => aws as Aws,
    http: async () => http,
    secrets: async () => async (ref) => {
      const text = await readSecret(ref);
      keep(text);
      return text;
    },
    endsAt: Number.POSITIVE_INFINITY,
  };
  return {
    sources,
    /** What is asked from now on. */
    begin: () => {
      exchanges = [];
      return { exchanges };
    },
    keepSecret: (...texts: string[]) =>
      texts.filter(Boolean).forEach((text) => void secrets.add(text)),
    secrets: () => [...secrets],
  };
}

function clusterOf(kubeconfig: string, context: string | undefined, userAgent: string): Cluster {
  const { signIn } = contextOf(kubeconfig, context);
  return kubernetesCluster({ signIn, userAgent, doorbell: false });
}

/** A cluster in which nothing is written; without a kubeconfig there is none. */
function readable(live: Cluster | undefined, keep: (text: string) => void): Cluster {
  const none = (): Promise<never> => {
    throw new Terminal('there is no cluster to ask: name its kubeconfig with --kubeconfig FILE');
  };
  const refuse = (): Promise<never> => {
    throw new Terminal('nothing is written to a cluster here');
  };
  return {
    ...{ doorbell: false, create: refuse, patch: refuse, remove: refuse, evict: refuse },
    get: async (ref) => {
      const found = await (live === undefined ? none() : live.get(ref));
      const { data = {} } = (ref.kind === 'Secret' ? found : {}) as {
        data?: Record<string, string>;
      };
      for (const text of Object.values(data)) keep(Buffer.from(text, 'base64').toString('utf8'));
      return found;
    },
    list: async (...asked) => await (live === undefined ? none() : live.list(...asked)),
  };
}
