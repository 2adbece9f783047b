import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { inject } from 'vitest';
import { settingsKey } from '../../lib/model/documents.ts';
import { newSecret, secretHash } from '../../lib/registry/webhookSecret.ts';
import { dynamoStore } from '../../lib/store/dynamo.ts';
import type { Store } from '../../lib/world.ts';
import { type ControlPlane, startControlPlane } from '../cluster/controlPlane.ts';
import { installWebhook } from '../cluster/doorbellStage.ts';
import { serinCommand } from '../cluster/serin.ts';
import { one } from '../kubernetes/certificates.ts';
import { type Front, type Route, startFront } from './front.ts';
import { type Pump, startPump } from './pump.ts';
import { roleOf } from './roles.ts';
import { account, region } from './services.ts';
import { type Aws, addFunction, startAws } from './stage.ts';
import { type Fault, startTap, type Tap } from './tap.ts';
import { queueSourceOf } from './template.ts';
import { type AccessEntry, startTokenWebhook, type TokenWebhook } from './tokenWebhook.ts';

// All of it: Serin's functions in an account, and a cluster of EKS that knows the role of reconcile.

export type Scene = {
  aws: Aws;
  plane: ControlPlane;
  tokens: TokenWebhook;
  /** Who is let in, and in which groups: what EKS tells of them, and what the cluster goes by. */
  entries: AccessEntry[];
  /** On the API server, as reconcile reaches it. */
  kube: Tap;
  store: Store;
  doorbell: Front;
  /** With the secret that `registerCluster` writes. */
  doorbellUrl: string;
  api: Front;
  pump: Pump;
  /** What EKS says of the cluster: moto's own clusters are nowhere. */
  describeCluster: Fault;
  /** Has what is not in the cluster's configuration by itself: the notices, its secret. */
  registerCluster: (name: string, over?: { ca?: string }) => Promise<void>;
  applySettings: (settings: Settings) => Promise<void>;
  /** As EventBridge does every minute. */
  sweep: () => Promise<{ found: number; queued: number }>;
  /** Rejects where a function asked for what its role does not let it do. */
  stop: () => Promise<void>;
};

type Settings = { issuers: object[]; policies: string; hooks: object[] };

export const clusterName = 'prod';
/** What fails in a scene comes again so soon: nobody waits for three minutes in a test. */
export const hiddenSeconds = 20;
/** The authority of what is reached by TLS here, as clusters are told of it. */
export const caBundle = Buffer.from(one.cert).toString('base64');

type SceneOptions = {
  /** By how much the clocks of functions are wrong. */
  clockMs?: Record<string, number>;
  /** Whose share of reconcile the queue has. */
  queue?: 'packaged' | 'packagedByDefault';
};

export async function startScene(options: SceneOptions = {}): Promise<Scene> {
  const stops: (() => Promise<void>)[] = [];
  try {
    return await start(stops, options);
  } catch (error) {
    await stopAll(stops);
    throw error;
  }
}

type Stopping = { stop: () => Promise<void> };

/** Side by side; where one cannot be started, the other is to be stopped all the same. */
async function both<A extends Stopping, B extends Stopping>(
  first: Promise<A>,
  second: Promise<B>,
  stops: (() => Promise<void>)[],
): Promise<[A, B]> {
  const started = [first, second].map(async (each) => void stops.push((await each).stop));
  await Promise.allSettled(started);
  return await Promise.all([first, second]);
}

async function stopAll(stops: (() => Promise<void>)[]): Promise<void> {
  for (const stop of stops.splice(0).reverse()) await stop();
}

async function start(stops: (() => Promise<void>)[], options: SceneOptions): Promise<Scene> {
  const keys: Aws['keys'] = new Map();
  const entries: AccessEntry[] = ['reconcile', 'look'].map((name) => ({
    arn: roleOf(name),
    groups: ['serin:controller'],
  }));
  const tokens = await startTokenWebhook({ clusterName, keys, entries });
  stops.push(tokens.stop);
  const [aws, plane] = await both(
    startAws({ visibilitySeconds: hiddenSeconds }, keys),
    startControlPlane({
      audit: true,
      apiServerFlags: [
        `--authentication-token-webhook-config-file=${tokens.config}`,
        '--authentication-token-webhook-version=v1',
      ],
    }),
    stops,
  );
  const store = dynamoStore({ client: aws.dynamo, table: aws.table });
  const secret = newSecret();
  const authority = readFileSync(join(plane.dir, 'certs', 'apiserver.crt'));
  const kube = await startTap(plane.server, { secure: { ca: authority, own: one } });
  stops.push(kube.stop);
  const describeCluster: Fault = ({ operation }) => {
    const entry = answerOfEntries(operation, entries);
    if (entry) return { status: 200, body: entry };
    const cluster = {
      ...{ name: clusterName, status: 'ACTIVE', version: '1.36', endpoint: kube.url },
      arn: `arn:aws:eks:${region}:${account}:cluster/${clusterName}`,
      certificateAuthority: { data: caBundle },
      accessConfig: { authenticationMode: 'API' },
    };
    return { status: 200, body: { cluster } };
  };
  aws.taps.eks.setFault(describeCluster);
  const registerCluster: Scene['registerCluster'] = async (name, over = {}) => {
    const known = await store.documents.get({ kind: 'cluster', id: name });
    await store.documents.put({
      ...{ kind: 'cluster', id: name, version: known?.version ?? 0 },
      body: {
        ...{ name, region, eksName: clusterName, endpoint: kube.url, ca: caBundle },
        doorbell: { webhookEnabled: true, secrets: [{ sha256: secretHash(secret) }] },
        ...{ addedAt: Date.now(), addedBy: 'the test' },
        ...over,
      },
    });
  };
  await registerCluster(clusterName);
  await installInCluster(plane);
  const fronts = await startFunctions(aws, stops, options);
  const doorbellUrl = `${fronts.doorbell.url}/v1/doorbell/${clusterName}/${secret}`;
  await installWebhook(plane, { url: doorbellUrl, caBundle });
  return {
    ...{ aws, plane, tokens, entries, kube, store, doorbellUrl, ...fronts },
    ...{ describeCluster, registerCluster },
    applySettings: async ({ hooks, ...rest }) => {
      const version = (await store.documents.get(settingsKey))?.version ?? 0;
      const text = JSON.stringify({ ...rest, hooks });
      const by = { appliedAt: Date.now(), appliedBy: 'the test' };
      const body = { text, hooks: JSON.stringify(hooks), ...by };
      await store.documents.put({ ...settingsKey, version, body });
    },
    sweep: async () => {
      const invoked = await aws.functions.get('sweep')?.invoke({});
      return JSON.parse(invoked?.payload ?? '');
    },
    stop: async () => {
      await stopAll(stops);
      // Whoever lacks a right may only log it, and go on in another way.
      if (aws.refused.length > 0) throw new Error(`refused by IAM: ${aws.refused.join('; ')}`);
    },
  };
}

/** As docs/install.md says: the definitions, and the rights of the group that the access entry names. */
async function installInCluster(plane: ControlPlane): Promise<void> {
  const { out, err, code } = await serinCommand('crds');
  if (code !== 0) throw new Error(err);
  await plane.kubectl(['apply', '--server-side', '-f', '-'], out);
  const wait = ['wait', '--for=condition=established', 'crd', '--all', '--timeout=30s'];
  // kubectl fails on a definition that has no conditions yet.
  await plane.kubectl(wait).catch(() => delay(1000).then(() => plane.kubectl(wait)));
  const rights = join(import.meta.dirname, '..', '..', 'infra', 'cluster');
  await plane.kubectl(['apply', '-k', rights]);
}

/** What EKS says of the access entries, if that is what it was asked. */
function answerOfEntries(operation: string, entries: AccessEntry[]): object | undefined {
  const found = /\/access-entries(?:\/([^?]+))?/.exec(operation);
  if (!found) return undefined;
  const [, arn] = found;
  if (arn === undefined) return { accessEntries: entries.map((each) => each.arn) };
  const entry = entries.find((each) => each.arn === decodeURIComponent(arn));
  return { accessEntry: { principalArn: entry?.arn, kubernetesGroups: entry?.groups } };
}

/** The functions as they are deployed, and what stands before them. */
async function startFunctions(
  aws: Aws,
  stops: (() => Promise<void>)[],
  { clockMs = {}, queue = 'packaged' }: SceneOptions,
) {
  const add = (name: string) => addFunction(aws, name, { clockMs: clockMs[name] ?? 0 });
  const reconcile = await add('reconcile');
  await add('look');
  await add('sweep');
  const doorbellFunction = await add('admission');
  const apiReads = await add('apiReads');
  const apiCommands = await add('apiCommands');
  const hooks = await add('hooks');
  const { keys } = aws;
  const doorbell = await startFront({
    routes: [{ prefix: '/v1/doorbell/', target: doorbellFunction }],
    keys,
    tls: one,
  });
  stops.push(doorbell.stop);
  const routes: Route[] = [
    { prefix: '/v1/hooks/', target: hooks },
    { method: 'GET', prefix: '/iam/v1/', target: apiReads, iam: true },
    { method: 'POST', prefix: '/iam/v1/', target: apiCommands, iam: true },
    { method: 'GET', prefix: '/v1/', target: apiReads },
    { method: 'POST', prefix: '/v1/', target: apiCommands },
  ];
  const api = await startFront({ routes, keys });
  stops.push(api.stop);
  const source = queueSourceOf(inject(queue).template);
  const from = { client: aws.sqs, queueUrl: aws.queues.wakes };
  const pump = startPump({ ...from, target: reconcile, ...source });
  stops.push(pump.stop);
  return { doorbell, api, pump };
}
