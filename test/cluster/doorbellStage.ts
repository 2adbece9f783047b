import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parse, stringify } from 'yaml';
import { admissionHandler } from '../../functions/admission.ts';
import { systemClock } from '../../lib/clock.ts';
import { contextOf } from '../../lib/kubernetes/kubeconfig.ts';
import { kubernetesCluster } from '../../lib/kubernetes/kubernetes.ts';
import type { DoorbellEntry } from '../../lib/model/documents.ts';
import { localQueue } from '../../lib/queue/local.ts';
import { newSecret, secretHash } from '../../lib/registry/webhookSecret.ts';
import { memoryStore } from '../../lib/store/embedded.ts';
import { type QueueMessage, unmeasured, type World } from '../../lib/world.ts';
import { consumer, noContext } from '../../server/consumer.ts';
import { eventOf, serveDoorbell } from '../admission/serve.ts';
import { noAws } from '../noAws.ts';
import type { ControlPlane } from './controlPlane.ts';

const folder = join(import.meta.dirname, '..', '..', 'infra', 'cluster', 'doorbell');

export type Request = {
  operation: string;
  resource: { resource: string };
  subResource?: string;
  name: string;
  namespace: string;
  userInfo: { username: string };
};

/**
 * Serin as it is on AWS, on a real control plane: the doorbell's handler behind TLS, what it wakes, and
 * nothing else: no watch, no list, no sweep.
 */
export async function startDoorbell(plane: ControlPlane) {
  const store = memoryStore(systemClock);
  const secret = newSecret();
  const sent: QueueMessage[] = [];
  const logged: string[] = [];
  const log: World['log'] = (level, message, fields) =>
    void logged.push(`${level} ${message} ${JSON.stringify(fields ?? {})}`);
  const { signIn } = contextOf(plane.kubeconfigOf('serin'));
  const cluster = kubernetesCluster({ signIn, doorbell: true, userAgent: 'serin/test' });
  const queue = localQueue({ deliver: (message) => consumer.deliver(message, world), log });
  const world: World = {
    clock: systemClock,
    cluster: async () => cluster,
    aws: noAws,
    ...unmeasured,
    clusters: async () => [{ name: 'test', doorbell: true }],
    store,
    wakes: {
      send: async (message, delayMs) => {
        sent.push(message);
        await queue.wakes.send(message, delayMs);
      },
    },
    log,
    count: () => {},
    processId: randomUUID(),
    endsAt: Number.POSITIVE_INFINITY,
    instanceId: '',
    inquire: async () => {
      throw new Error('nothing is asked here');
    },
    invoke: async (request) => {
      if (!consumer.invoke) throw new Error('the consumer takes no invocations');
      return await consumer.invoke(request, world);
    },
  };
  const handler = admissionHandler(world);
  const bell = await serveDoorbell(handler);
  /** A secret that does not match has the registry read anew, if that was some seconds ago. */
  const refresh = async (): Promise<void> => {
    await handler(eventOf('POST', '/v1/doorbell/test/none', Buffer.from('')), noContext);
  };
  const register = async (doorbell: Partial<DoorbellEntry>): Promise<void> => {
    const known = await store.documents.get({ kind: 'cluster', id: 'test' });
    const secrets = [{ sha256: secretHash(secret) }];
    await store.documents.put({
      ...{ kind: 'cluster', id: 'test', version: known?.version ?? 0 },
      body: {
        ...{ name: 'test', region: 'eu-west-1', eksName: 'test', endpoint: plane.server },
        doorbell: { webhookEnabled: true, secrets, ...doorbell },
        ...{ addedAt: 0, addedBy: 'the test' },
      },
    });
  };
  const requests = (): Request[] =>
    bell.calls.map(({ body }) => JSON.parse(body).request as Request);
  return {
    ...{ bell, store, sent, logged, register, refresh, requests },
    url: `${bell.url}/v1/doorbell/test/${secret}`,
    stop: async () => {
      await queue.stop();
      await bell.close();
    },
  };
}

export type Doorbell = Awaited<ReturnType<typeof startDoorbell>>;

/** The configuration as an installation renders it, with the URL by kustomize, and the test's authority. */
export async function installWebhook(
  plane: ControlPlane,
  { url, caBundle }: { url: string; caBundle: string },
): Promise<void> {
  const overlay = join(plane.dir, 'overlay');
  mkdirSync(join(overlay, 'doorbell'), { recursive: true });
  for (const file of ['kustomization.yaml', 'webhook.yaml']) {
    writeFileSync(join(overlay, 'doorbell', file), readFileSync(join(folder, file)));
  }
  const options = {
    disableNameSuffixHash: true,
    annotations: { 'config.kubernetes.io/local-config': 'true' },
  };
  const configMapGenerator = [{ name: 'serin-doorbell', literals: [`url=${url}`], options }];
  const kustomization = { configMapGenerator, components: ['doorbell'] };
  writeFileSync(join(overlay, 'kustomization.yaml'), stringify(kustomization));
  const rendered = await plane.kubectl(['kustomize', overlay]);
  const configuration = parse(rendered);
  for (const webhook of configuration.webhooks) webhook.clientConfig.caBundle = caBundle;
  await plane.kubectl(['apply', '-f', '-'], stringify(configuration));
  // The API server takes a configuration in by a watch of its own.
  await delay(2000);
}
