import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Conflict, MissingRight, NotFound, Terminal, Transient } from '../lib/errors.ts';
import { counted } from '../lib/metrics/counted.ts';
import { contentType, exposition } from '../lib/metrics/exposition.ts';
import { type MetricObjects, objectFamilies } from '../lib/metrics/objects.ts';
import type { ObjectMeta } from '../lib/model/argo.generated.ts';
import { type Kind, type ObjectRef, rowOf } from '../lib/model/kinds.ts';
import { instanceIdLabel } from '../lib/model/names.ts';
import type { Cluster, Count, Log, ReadableCluster } from '../lib/world.ts';
import { StartError } from './startError.ts';

// What a `serin run` tells of itself to a Prometheus and to a kubelet.

export type Observed = {
  count: Count;
  /** The same client, with its requests counted. */
  requests: <C extends Cluster>(client: C) => C;
  /** From now on it is ready, and these objects are told of. */
  ready: (cluster: ReadableCluster, of: { namespaces: string[]; instanceId: string }) => void;
  /** It does what it should, though another process drives. */
  standsBy: () => void;
  /** Where it listens. */
  port: number;
  close: () => void;
};

/** Serves `/metrics`, `/healthz` and `/readyz`. `port` 0 takes any that is free. */
export async function startObserved(
  { port, host }: { port: number; host: string },
  log: Log,
): Promise<Observed> {
  const { count, families, keep } = counted();
  let objects: (() => Promise<MetricObjects>) | undefined;
  let isStandingBy = false;
  const server = createServer((request, response) => {
    const answer = async (): Promise<[number, string, string?]> => {
      const { pathname } = new URL(request.url ?? '/', 'http://here');
      if (request.method !== 'GET' && request.method !== 'HEAD') return [405, 'Use GET.\n'];
      if (pathname === '/healthz') return [200, 'ok\n'];
      if (pathname === '/readyz' && isStandingBy) return [200, 'ok: standing by\n'];
      if (pathname === '/readyz') return objects ? [200, 'ok\n'] : [503, 'not ready yet\n'];
      if (pathname !== '/metrics') return [404, 'There is /metrics, /healthz and /readyz.\n'];
      const found = await objects?.();
      if (found) {
        keep('rollout_', namesOf(found.rollouts));
        keep('analysis_run_', namesOf(found.analysisRuns));
        keep('experiment_', namesOf(found.experiments));
      }
      const told = found ? objectFamilies(found) : [];
      return [200, exposition([...told, ...families()]), contentType];
    };
    answer().then(
      ([status, text, type = 'text/plain; charset=utf-8']) => {
        response.writeHead(status, { 'content-type': type, 'x-content-type-options': 'nosniff' });
        response.end(request.method === 'HEAD' ? undefined : text);
      },
      (error: unknown) => {
        log('warn', 'the metrics could not be gathered', { error: String(error) });
        response.writeHead(503).end('The cluster cannot be read now.\n');
      },
    );
  });
  await listening(server, port, host);
  return {
    count,
    requests: (client) => requestsCounted(client, count),
    ready: (cluster, of) => {
      objects = () => gathered(cluster, of);
      isStandingBy = false;
    },
    standsBy: () => {
      objects = undefined;
      isStandingBy = true;
    },
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function namesOf(objects: { metadata?: ObjectMeta }[]): Set<string> {
  return new Set(objects.map(({ metadata }) => `${metadata?.namespace}/${metadata?.name}`));
}

async function listening(server: Server, port: number, host: string): Promise<void> {
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const hint = 'Choose another with --metrics-port N; 0 takes any free one.';
    const why = code === 'EADDRINUSE' ? 'it is in use' : code;
    throw new StartError('usage', `cannot listen on ${host}:${port} for metrics: ${why}`, hint);
  }
}

/** From the watches: no request is made for what they tell. Those of this instance. */
async function gathered(
  { list }: ReadableCluster,
  { namespaces, instanceId }: { namespaces: string[]; instanceId: string },
): Promise<MetricObjects> {
  const places = namespaces.length > 0 ? namespaces : [''];
  const all = async <K extends Kind>(kind: K) =>
    (await Promise.all(places.map((namespace) => list(kind, namespace).catch(ifNone)))).flat();
  const [rollouts, analysisRuns, experiments, templates, ofCluster] = await Promise.all([
    ...([all('Rollout'), all('AnalysisRun'), all('Experiment'), all('AnalysisTemplate')] as const),
    list('ClusterAnalysisTemplate', '').catch(ifNone),
  ]);
  const isOurs = ({ metadata }: { metadata?: { labels?: Record<string, string> } }): boolean =>
    (metadata?.labels?.[instanceIdLabel] ?? '') === instanceId;
  return {
    rollouts: rollouts.filter(isOurs),
    analysisRuns: analysisRuns.filter(isOurs),
    experiments: experiments.filter(isOurs),
    templates: [...templates, ...ofCluster].filter(isOurs),
  };
}

/** What Serin may not see, or the cluster does not have, is not told of. */
function ifNone(error: unknown): [] {
  if (error instanceof Terminal || error instanceof NotFound) return [];
  throw error;
}

/** By the labels of Argo's controller. Of other objects than Rollouts the names would be too many. */
// argo v1.10.1 controller/metrics/client.go
function requestsCounted<C extends Cluster>(client: C, count: Count): C {
  const note = async <T>(
    verb: string,
    { kind, namespace, name }: Pick<ObjectRef, 'kind' | 'namespace' | 'name'>,
    call: Promise<T>,
  ): Promise<T> => {
    const isMany = verb === 'List' || kind !== 'Rollout';
    const place = { kind: rowOf(kind).plural, namespace, name: isMany ? 'N/A' : name };
    const told = (status: string): void =>
      count('controller_clientset_k8s_request_total', 1, { ...place, verb, status_code: status });
    try {
      const answer = await call;
      told(verb === 'Create' ? '201' : '200');
      return answer;
    } catch (error) {
      told(statusOf(error));
      throw error;
    }
  };
  return {
    ...client,
    get: (ref) => note('Get', ref, client.get(ref)),
    list: (kind: Kind, namespace: string, selector?: string) =>
      note('List', { kind, namespace, name: '' }, client.list(kind, namespace, selector)),
    create: (kind, object, options) => {
      const { namespace = '', name = '' } = object.metadata ?? {};
      return note('Create', { kind, namespace, name }, client.create(kind, object, options));
    },
    patch: (ref, patch, options) => note('Patch', ref, client.patch(ref, patch, options)),
    remove: (ref) => note('Delete', ref, client.remove(ref)),
    evict: (ref) => note('Create', ref, client.evict(ref)),
  } as C;
}

/** As far as an error tells: one without an answer has none. */
function statusOf(error: unknown): string {
  if (error instanceof NotFound) return '404';
  if (error instanceof Conflict) return '409';
  if (error instanceof MissingRight) return '403';
  if (error instanceof Transient) return '503';
  return error instanceof Terminal ? '400' : '0';
}
