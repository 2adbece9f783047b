import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { secondMs } from '../../lib/model/units.ts';
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

const sessionToken = 'a+session/==';
const role = (name: string) => `arn:aws:iam::${account}:role/${name}`;
const sessionOf = (name: string) => `arn:aws:sts::${account}:assumed-role/${name}/ada`;

function run(line: string): Promise<{ code: number; out: string; err: string }> {
  const { taps, queues, table } = scene.aws;
  return serinCommand(line, {
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
}

async function serin(line: string): Promise<string> {
  const { code, out, err } = await run(line);
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

/** By `aws eks create-access-entry`: the administrator whose shell the commands are run in. */
async function letAdministratorIn(): Promise<void> {
  const { accessKeyId, secretAccessKey: secret } = credentials;
  scene.aws.keys.set(accessKeyId, { secret, arn: sessionOf('Admin') });
  scene.entries.push({ arn: role('Admin'), groups: ['system:masters'] });
  // Tokens of one second are the same one, and the API server remembers the one it has refused.
  await delay(secondMs);
}

describe('a cluster', () => {
  it('is added, checked, rings with one secret and the next, and is removed', async () => {
    await serin(`cluster remove ${clusterName}`);
    const added = await serin(`cluster add ${clusterName} --region ${region}`);
    expect(added).toMatch(/^Registered prod: EKS cluster prod in eu-central-1, Kubernetes 1\.36/);
    expect(await serin('cluster list')).toMatch(/prod +prod +eu-central-1 .*polled/);
    const locked = await run(`cluster check ${clusterName}`);
    expect(locked).toMatchObject({ code: 1, err: '' });
    expect(locked.out).toMatch(
      /^ok +access entry +\S+serin-reconcile, \S+serin-look is in the gr/m,
    );
    expect(locked.out).toMatch(/^WRONG +sign-in +.* it has no access entry\n +aws eks create-acc/m);
    await letAdministratorIn();
    const another = await run(`cluster check ${clusterName}`);
    expect(another).toMatchObject({ code: 1, err: '' });
    expect(another.out).toMatch(/^WRONG +doorbell +it rings with a secret that is not/m);
    await installWebhook(scene.plane, { url: bellIn(added), caBundle });
    await start('added');
    const checked = await serin(`cluster check ${clusterName}`);
    expect(checked.match(/^(?:ok|note|not seen|WRONG)/gm)).toEqual([
      ...['ok', 'ok', 'ok', 'ok'],
      // The administrator is not Serin: the rights are asked for the group.
      ...['note', 'ok', 'ok', 'ok'],
    ]);
    expect(checked).toMatch(/^ok +doorbell +installed, with the right secret; it rang last at 2/m);
    expect(checked).toMatch(/^From now on Serin relies on the doorbell\.$/m);
    expect(await serin('cluster list')).toMatch(/prod +prod +eu-central-1 .*doorbell/);

    const rotated = await serin(`cluster rotate ${clusterName}`);
    expect(bellIn(rotated)).not.toBe(bellIn(added));
    await start('old-secret');
    expect(await serin(`cluster check ${clusterName}`)).toMatch(
      /^note +doorbell +it rings with the secret that was, which counts until 2/m,
    );
    await installWebhook(scene.plane, { url: bellIn(rotated), caBundle });
    await start('new-secret');
    expect(await serin(`cluster check ${clusterName}`)).toMatch(
      /^ok +doorbell +installed, with the right secret/m,
    );
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
    scene.aws.functions.get('admission')?.kill();
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
    const letter = JSON.stringify({ key, retries: 5 });
    for (const MessageBody of [letter, 'no wake', letter, letter]) {
      await scene.aws.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
    }
    const left = { code: 0, err: 'left, since it is no wake: no wake\n' };
    const moved = '3 dead letters, as 1 wakes:\n  prod/letters/web  3\n';
    expect(await run('redrive --dry-run')).toEqual({ ...left, out: `Would move ${moved}` });
    expect(await run('redrive')).toEqual({ ...left, out: `Moved ${moved}` });
    await reaches(scene.plane, 'letters', 'Healthy');
    const none = 'There are no dead letters to move.\n';
    expect(await run('redrive')).toEqual({ ...left, out: none });
  }, 60_000);
});

/** Sends a request as docs/aws/access.md has somebody with AWS credentials do. */
async function signed(
  keyId: string,
  path: string,
  { secret = `secret of ${keyId}`, json }: { secret?: string; json?: object } = {},
): Promise<{ status: number; body: Record<string, unknown> }> {
  const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs/aws/access.md'), 'utf8');
  const [definition = ''] = /^signed\(\) \{[^}]+\}$/m.exec(page) ?? [];
  const url = `${scene.api.url}/iam/v1/clusters/${clusterName}/namespaces/${path}`;
  const given = json === undefined ? [] : ['--json', JSON.stringify(json)];
  const args = ['--silent', '--write-out', '\n%{http_code}', ...given, url];
  const env = {
    PATH: process.env.PATH,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: keyId,
    AWS_SECRET_ACCESS_KEY: secret,
    AWS_SESSION_TOKEN: sessionToken,
  };
  const script = `${definition}\nsigned "$@"`;
  const { stdout } = await promisify(execFile)('sh', ['-c', script, 'sh', ...args], { env });
  const [, body = '', status] = /^(.*)\n(\d+)$/s.exec(stdout) ?? [];
  return { status: Number(status), body: JSON.parse(body) };
}

describe('a role of AWS', () => {
  beforeAll(async () => {
    await scene.registerCluster(clusterName);
    await installWebhook(scene.plane, { url: scene.doorbellUrl, caBundle });
    scene.aws.functions.get('admission')?.kill();
  });

  it('does what a policy permits it, is named in the ledger, and nobody else gets in', async () => {
    for (const name of ['Releaser', 'Stranger']) {
      const key = { secret: `secret of ${name}`, sessionToken, arn: sessionOf(name) };
      scene.aws.keys.set(name, key);
    }
    const policies = `permit (principal == Iam::"${role('Releaser')}", action, resource);`;
    await scene.applySettings({ ...JSON.parse(settingsText([], policies)), hooks: [] });
    const namespace = await newNamespace(scene.plane, 'signed');
    await apply(scene.plane, rolloutOf(namespace));
    await reaches(scene.plane, namespace, 'Healthy');
    await apply(scene.plane, rolloutOf(namespace, 'web:v2'));
    await reaches(scene.plane, namespace, 'Paused', { step: 1 });

    const promote = 'signed/rollouts/web/promote';
    const asPost = { json: {} };
    const { invocations } = scene.aws.functions.get('apiCommands')!;
    const place = `/iam/v1/clusters/${clusterName}/namespaces/${promote}`;
    const unsigned = await fetch(`${scene.api.url}${place}`, { method: 'POST', body: '{}' });
    const guessed = await signed('Releaser', promote, { ...asPost, secret: 'guessed' });
    expect([unsigned.status, guessed.status]).toEqual([403, 403]);
    // The gateway turns these away, and the function the one whose signature is right.
    expect(invocations).toEqual([]);
    const stranger = await signed('Stranger', promote, asPost);
    expect(stranger.status).toBe(403);
    expect(stranger.body.detail).toMatch(
      new RegExp(`^${role('Stranger')} session ada may not do this: no policy permits promote`),
    );
    expect(invocations).toHaveLength(1);
    await reaches(scene.plane, namespace, 'Paused', { step: 1 });
    const promoted = await signed('Releaser', promote, asPost);
    expect(promoted.status, JSON.stringify(promoted.body)).toBe(200);
    await reaches(scene.plane, namespace, 'Healthy', { step: 2 });
    const key = { cluster: clusterName, namespace, name: 'web' };
    const { items } = await scene.store.ledger(key, { limit: 50 });
    const actor = { name: `${role('Releaser')} session ada`, proof: 'verified' };
    expect(items.find(({ kind }) => kind === 'promoted')?.actor).toEqual(actor);
  }, 120_000);

  it('that looks afresh waits for no release, and holds none up', async () => {
    const looks = () => scene.aws.functions.get('look')!.invocations.length;
    const before = { turns: await still(turns), looks: looks() };
    const answer = await signed('Releaser', 'signed/rollouts/web?fresh=true');
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ name: 'web', phase: 'Healthy' });
    expect({ turns: await turns(), looks: looks() - 1 }).toEqual(before);
  });
});
