import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { admissionHandler } from '../../functions/admission.ts';
import { Transient } from '../../lib/errors.ts';
import type { DoorbellEntry, Notice } from '../../lib/model/documents.ts';
import { newSecret, secretHash } from '../../lib/registry/webhookSecret.ts';
import { memoryStore } from '../../lib/store/embedded.ts';
import type { QueueMessage, Store } from '../../lib/world.ts';
import { noContext } from '../../server/consumer.ts';
import { start } from '../make.ts';
import { handClock } from '../queue/world.ts';
import { eventOf } from './serve.ts';

type Sent = { message: QueueMessage; delayMs: number };

/** The handler on a store in memory and a queue one can look into; `reads` counts those of the registry. */
export async function doorbellStage(options: { store?: (store: Store) => Store } = {}) {
  const clock = handClock(start);
  const base = memoryStore(clock);
  const counted = { reads: 0 };
  const counting: Store = {
    ...base,
    documents: {
      ...base.documents,
      get: async (key) => {
        if (key.kind === 'cluster') counted.reads += 1;
        return await base.documents.get(key);
      },
    },
  };
  const store = options.store?.(counting) ?? counting;
  const sent: Sent[] = [];
  const queue = { isDown: false, hangs: false };
  const logged: string[] = [];
  const secret = newSecret();
  const handler = admissionHandler({
    ...{ clock, store, processId: 'one', instanceId: '' },
    wakes: {
      send: async (message, delayMs) => {
        if (queue.hangs) await new Promise(() => {});
        if (queue.isDown) throw new Transient('the queue did not answer');
        sent.push({ message, delayMs });
      },
    },
    count: () => {},
    log: (level, message) => void logged.push(`${level} ${message}`),
  });
  const register = async (doorbell: Partial<DoorbellEntry> = {}, name = 'prod') => {
    const known = await base.documents.get({ kind: 'cluster', id: name });
    await base.documents.put({
      ...{ kind: 'cluster', id: name, version: known?.version ?? 0 },
      body: {
        ...{ name, region: 'eu-west-1', eksName: name, endpoint: 'https://x.invalid' },
        doorbell: { webhookEnabled: true, secrets: [{ sha256: secretHash(secret) }], ...doorbell },
        ...{ addedAt: start, addedBy: 'ada' },
      },
    });
  };
  const post = async (path: string, body: string | Buffer, method = 'POST') => {
    const event = eventOf(method, path, Buffer.from(body));
    const answer = (await handler(event, noContext)) as APIGatewayProxyStructuredResultV2;
    return { status: answer.statusCode, text: answer.body ?? '' };
  };
  const ring = async (request: object, path = `/v1/doorbell/prod/${secret}?timeout=2s`) => {
    const { status, text } = await post(path, JSON.stringify(reviewOf(request)));
    return { status, response: status === 200 ? JSON.parse(text).response : undefined };
  };
  const notices = async (name = 'web'): Promise<Notice[]> => {
    const place = { kind: 'notice' as const, of: `prod/shop/${name}` };
    return (await base.documents.list(place, { limit: 99 })).items.map(({ body }) => body);
  };
  await register();
  return {
    clock,
    store: base,
    counted,
    queue,
    sent,
    logged,
    secret,
    register,
    post,
    ring,
    notices,
  };
}

/** A review by ada, of whatever is said of the request. */
export function reviewOf(request: object): object {
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: 'a-1',
      operation: 'UPDATE',
      namespace: 'shop',
      name: 'web',
      userInfo: { username: 'ada', groups: ['system:authenticated'] },
      options: { fieldManager: 'kubectl-patch' },
      dryRun: false,
      ...request,
    },
  };
}

export const resources = {
  rollouts: { group: 'argoproj.io', version: 'v1alpha1', resource: 'rollouts' },
  replicasets: { group: 'apps', version: 'v1', resource: 'replicasets' },
  deployments: { group: 'apps', version: 'v1', resource: 'deployments' },
  jobs: { group: 'batch', version: 'v1', resource: 'jobs' },
  analysisruns: { group: 'argoproj.io', version: 'v1alpha1', resource: 'analysisruns' },
};
