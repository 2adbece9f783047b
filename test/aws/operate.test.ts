import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { SignatureV4 } from '@smithy/signature-v4';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { settingsText } from '../access/support.ts';
import { installWebhook } from '../cluster/doorbellStage.ts';
import { until } from '../cluster/processes.ts';
import { serinCommand } from '../cluster/serin.ts';
import { apply, newNamespace, reaches, still, webRollout } from '../cluster/stage.ts';
import { caBundle, clusterName, type Scene, startScene } from './scene.ts';
import { account, region } from './services.ts';
import { credentials } from './stage.ts';

// What people do with Serin beside releases: let clusters in and out, call it with a role of AWS, send dead
// letters on. The commands are those of docs/install.md and docs/aws/.

let scene: Scene;
beforeAll(async () => {
  scene = await startScene();
});
afterAll(() => scene?.stop());

async function serin(line: string): Promise<string> {
  const { taps, queues, table } = scene.aws;
  const { code, out, err } = await serinCommand(line, {
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_ENDPOINT_URL_DYNAMODB: taps.dynamo.url,
    AWS_ENDPOINT_URL_EKS: taps.eks.url,
    AWS_ENDPOINT_URL_SQS: taps.sqs.url,
    SERIN_TABLE: table,
    // The SDK calls where a queue's address points to.
    SERIN_QUEUE_URL: `${taps.sqs.url}${new URL(queues.wakes).pathname}`,
    SERIN_SERVER: scene.doorbell.url,
  });
  expect(err, line).toBe('');
  expect(code, line).toBe(0);
  return out;
}

const steps = [{ setWeight: 34 }, { pause: {} }];
const rolloutOf = (namespace: string, image = 'web:v1') =>
  webRollout(namespace, {
    strategy: { canary: { steps } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'web', image }] },
    },
  });

/** A rollout that Serin is told of by nothing but the doorbell. */
async function start(namespace: string): Promise<void> {
  await apply(scene.plane, rolloutOf(await newNamespace(scene.plane, namespace)));
  await reaches(scene.plane, namespace, 'Healthy');
}

const bellIn = (said: string): string => /https:\S+\/v1\/doorbell\/\S+/.exec(said)?.[0] ?? '';
const turns = async (): Promise<number> => scene.aws.functions.get('reconcile')!.invocations.length;
const statuses = (): number[] => scene.doorbell.requests.map(({ status }) => status);

describe('a cluster', () => {
  it('is added, rings with one secret and the next, and is removed', async () => {
    await serin(`cluster remove ${clusterName}`);
    const added = await serin(`cluster add ${clusterName} --region ${region}`);
    expect(added).toMatch(/^Registered prod: EKS cluster prod in eu-central-1, Kubernetes 1\.36/);
    expect(await serin('cluster list')).toMatch(/prod +prod +eu-central-1 .*polled/);
    await installWebhook(scene.plane, { url: bellIn(added), caBundle });
    await start('added');

    const rotated = await serin(`cluster rotate ${clusterName}`);
    expect(bellIn(rotated)).not.toBe(bellIn(added));
    // What a process knows of a cluster's secrets is ten seconds old at most.
    scene.aws.functions.get('doorbell')?.kill();
    await start('old-secret');
    await installWebhook(scene.plane, { url: bellIn(rotated), caBundle });
    await start('new-secret');
    expect(statuses()).not.toContain(404);

    const history = async (): Promise<number> => {
      const key = { cluster: clusterName, namespace: 'added', name: 'web' };
      return (await scene.store.ledger(key, { limit: 10 })).items.length;
    };
    expect(await history()).toBeGreaterThan(0);
    await still(turns);
    expect(await serin(`cluster remove ${clusterName}`)).toMatch(/forgot 3 rollouts/);
    expect((await scene.store.list(clusterName, { limit: 10 })).items).toEqual([]);
    expect(await history()).toBeGreaterThan(0);
    scene.aws.functions.get('doorbell')?.kill();
    const seen = statuses().length;
    await apply(scene.plane, rolloutOf(await newNamespace(scene.plane, 'removed')));
    await until('a refusal', async () => statuses().slice(seen).includes(404));
  }, 120_000);
});

describe('dead letters', () => {
  beforeAll(() => scene.registerCluster(clusterName));

  it('go back to the queue, one for each rollout, and are done', async () => {
    const key = { cluster: clusterName, namespace: 'letters', name: 'web' };
    // The doorbell still rings with a secret of the entry that was removed: nobody is told.
    await apply(scene.plane, rolloutOf(await newNamespace(scene.plane, 'letters')));
    expect(await serin('redrive')).toBe('There are no dead letters to move.\n');
    const QueueUrl = scene.aws.queues.deadLetters;
    for (let count = 0; count < 3; count += 1) {
      const MessageBody = JSON.stringify({ key, retries: 5 });
      await scene.aws.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
    }
    expect(await serin('redrive --dry-run')).toMatch(/^Would move 3 dead letters, as 1 wakes/);
    expect(await serin('redrive')).toMatch(
      /^Moved 3 dead letters, as 1 wakes:\n +prod\/letters\/web/,
    );
    await reaches(scene.plane, 'letters', 'Healthy');
    expect(await serin('redrive')).toBe('There are no dead letters to move.\n');
  }, 60_000);
});

const role = (name: string) => `arn:aws:iam::${account}:role/${name}`;

/** A request as `curl --aws-sigv4` sends it. */
async function signed(
  keyId: string,
  path: string,
  { secret = `secret of ${keyId}`, method = 'GET' },
) {
  const url = new URL(`${scene.api.url}/iam/v1/clusters/${clusterName}/namespaces/${path}`);
  const signer = new SignatureV4({
    ...{ region, service: 'execute-api', sha256: scene.aws.sqs.config.sha256 },
    credentials: { accessKeyId: keyId, secretAccessKey: secret },
  });
  const { headers } = await signer.sign({
    ...{ method, protocol: url.protocol, hostname: url.hostname, path: url.pathname },
    query: Object.fromEntries(url.searchParams),
    headers: { host: url.host, ...(method === 'POST' && { 'content-type': 'application/json' }) },
    ...(method === 'POST' && { body: '{}' }),
  });
  return await fetch(url, { method, headers, ...(method === 'POST' && { body: '{}' }) });
}

describe('a role of AWS', () => {
  beforeAll(async () => {
    await scene.registerCluster(clusterName);
    await installWebhook(scene.plane, { url: scene.doorbellUrl, caBundle });
    scene.aws.functions.get('doorbell')?.kill();
  });

  it('does what a policy permits it, is named in the ledger, and nobody else gets in', async () => {
    for (const name of ['Releaser', 'Stranger']) {
      const arn = `arn:aws:sts::${account}:assumed-role/${name}/ada`;
      scene.aws.keys.set(name, { secret: `secret of ${name}`, arn });
    }
    const policies = `permit (principal == Iam::"${role('Releaser')}", action, resource);`;
    await scene.applySettings({ ...JSON.parse(settingsText([], policies)), hooks: [] });
    const namespace = await newNamespace(scene.plane, 'signed');
    await apply(scene.plane, rolloutOf(namespace));
    await reaches(scene.plane, namespace, 'Healthy');
    await apply(scene.plane, rolloutOf(namespace, 'web:v2'));
    await reaches(scene.plane, namespace, 'Paused', { step: 1 });

    const promote = 'signed/rollouts/web/promote';
    const asPost = { method: 'POST' };
    expect((await fetch(`${scene.api.url}/iam/v1/clusters/prod`)).status).toBe(403);
    expect((await signed('Releaser', promote, { ...asPost, secret: 'guessed' })).status).toBe(403);
    expect((await signed('Stranger', promote, asPost)).status).toBe(403);
    await reaches(scene.plane, namespace, 'Paused', { step: 1 });
    const promoted = await signed('Releaser', promote, asPost);
    expect(promoted.status, await promoted.clone().text()).toBe(200);
    await reaches(scene.plane, namespace, 'Healthy', { step: 2 });
    const key = { cluster: clusterName, namespace, name: 'web' };
    const { items } = await scene.store.ledger(key, { limit: 50 });
    const actor = { name: `${role('Releaser')} session ada`, proof: 'verified' };
    expect(items.find(({ kind }) => kind === 'promoted')?.actor).toEqual(actor);
  }, 120_000);

  it('that looks afresh waits for no release, and holds none up', async () => {
    const looks = () => scene.aws.functions.get('look')!.invocations.length;
    const before = { turns: await still(turns), looks: looks() };
    const answer = await signed('Releaser', 'signed/rollouts/web?fresh=true', {});
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ name: 'web', phase: 'Healthy' });
    expect({ turns: await turns(), looks: looks() - 1 }).toEqual(before);
  });
});
