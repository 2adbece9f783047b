import { once } from 'node:events';
import { loadavg } from 'node:os';
import { Worker } from 'node:worker_threads';
import { admissionHandler } from '../../functions/admission.ts';
import { readEnvironment } from '../../lib/aws/environment.ts';
import { outside } from '../../lib/aws/world.ts';
import { newSecret, secretHash } from '../../lib/registry/webhookSecret.ts';
import { noContext } from '../../server/consumer.ts';
import { make } from '../make.ts';
import { eventOf } from './serve.ts';
import { resources, reviewOf } from './stage.ts';

// How long the doorbell takes when it is warm: the handler as Lambda loads it, with the SDK's own clients,
// against services that answer as late as those of AWS (services.ts). `npm run bench:doorbell`

const clusters = 50;
const perCluster = 60;
const warmUp = 100;
const targetMs = 50;

const services = new Worker(new URL('services.ts', import.meta.url));
const [port] = await once(services, 'message');
const endpoint = `http://127.0.0.1:${port}`;
Object.assign(process.env, {
  ...{ AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' },
  ...{ AWS_ENDPOINT_URL_DYNAMODB: endpoint, AWS_ENDPOINT_URL_SQS: endpoint },
});
const queue = `${endpoint}/1/wakes`;
const world = outside(readEnvironment({ SERIN_TABLE: 'serin', SERIN_QUEUE_URL: queue }));
const handler = admissionHandler(world);
const secret = newSecret();

/** Of five notices one is a person's, which is kept for the ledger too; the others are counts. */
function notice(index: number): object {
  const name = `web-${index}`;
  const count = (availableReplicas: number) =>
    make.replicaSet({
      metadata: { name, ownerReferences: [{ ...owner, name }] },
      status: { availableReplicas },
    });
  const request =
    index % 5 === 0
      ? {
          resource: resources.rollouts,
          oldObject: make.rollout({ metadata: { name } }),
          object: make.rollout({ metadata: { name }, spec: { paused: true } }),
        }
      : { resource: resources.replicasets, oldObject: count(1), object: count(2) };
  return reviewOf({ ...request, uid: `n-${index}`, name });
}
const owner = { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', uid: 'u', controller: true };

/** How long it took, and for how long of that it was at work itself: others use the machine too. */
type Taken = { ms: number; ownMs: number };

async function ring(cluster: string, index: number): Promise<Taken> {
  const body = Buffer.from(JSON.stringify(notice(index)));
  const event = eventOf('POST', `/v1/doorbell/${cluster}/${secret}`, body);
  const since = performance.now();
  const own = process.threadCpuUsage();
  const answer = await handler(event, noContext);
  if (typeof answer === 'string' || answer?.statusCode !== 200) throw new Error('it did not ring');
  const { user, system } = process.threadCpuUsage(own);
  return { ms: performance.now() - since, ownMs: (user + system) / 1000 };
}

const taken: Taken[] = [];
for (let each = 0; each < clusters; each += 1) {
  const name = `cluster-${each}`;
  await world.store.documents.put({
    ...{ kind: 'cluster', id: name, version: 0 },
    body: {
      ...{ name, region: 'eu-west-1', eksName: name, endpoint: 'https://x.invalid' },
      doorbell: { webhookEnabled: true, secrets: [{ sha256: secretHash(secret) }] },
      ...{ addedAt: 0, addedBy: 'bench' },
    },
  });
  // The first of each reads the registry too.
  for (let index = 0; index < perCluster; index += 1) taken.push(await ring(name, index));
}
const warm = taken.slice(warmUp);
const p99 = told(
  `${warm.length} warm rings, one after the other`,
  warm.map(({ ms }) => ms),
);
told(
  'processor time of each',
  warm.map(({ ownMs }) => ownMs),
);
process.stdout.write(`load of the machine: ${loadavg()[0]?.toFixed(1)}\n`);
if (p99 > targetMs) {
  process.stderr.write(`p99 is over ${targetMs} ms\n`);
  process.exitCode = 1;
}
await services.terminate();

function told(what: string, values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN;
  const [p50, late, most] = [at(0.5), at(0.99), at(1)].map((ms) => ms.toFixed(1));
  process.stdout.write(`${what}: median ${p50} ms, p99 ${late} ms, most ${most} ms\n`);
  return at(0.99);
}
