import { SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Rollout } from '../../lib/model/argo.generated.ts';
import { permitAll, startIssuer } from '../access/support.ts';
import { until } from '../cluster/processes.ts';
import { apply, newNamespace, reaches, webRollout } from '../cluster/stage.ts';
import { clusterName, type Scene, startScene } from './scene.ts';

// Much is released at once. The queue has a share of reconcile and no more, so that whoever commands
// something finds one free.

let scene: Scene;
beforeAll(async () => {
  // Five at once, as in a new account: twenty processes would hold up what stands in for AWS.
  scene = await startScene({ queue: 'packagedByDefault' });
});
afterAll(() => scene?.stop());

const count = 60;
/** What SQS takes at once. */
const sendMax = 10;

async function wake(names: string[], namespace: string): Promise<void> {
  for (let start = 0; start < names.length; start += sendMax) {
    const Entries = names.slice(start, start + sendMax).map((name) => ({
      Id: name,
      MessageBody: JSON.stringify({ key: { cluster: clusterName, namespace, name } }),
    }));
    const QueueUrl = scene.aws.queues.wakes;
    await scene.aws.sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
  }
}

async function rolloutsIn(namespace: string): Promise<Rollout[]> {
  const path = `/apis/argoproj.io/v1alpha1/namespaces/${namespace}/rollouts`;
  return ((await scene.plane.read(path)) as { items: Rollout[] }).items;
}

const templateOf = (image: string) => ({
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'web', image }] },
});

describe('a burst of wakes', () => {
  it('has no more batches at once than the queue may have, is done, and holds no command up', async () => {
    const issuer = await startIssuer({ sub: 'ada' });
    const issuers = [{ name: 'ci', issuer: issuer.url, audience: 'serin' }];
    await scene.applySettings({ issuers, policies: permitAll, hooks: [] });
    const one = await newNamespace(scene.plane, 'one');
    const strategy = { canary: { steps: [{ setWeight: 34 }, { pause: {} }] } };
    const released = (image: string) =>
      apply(scene.plane, webRollout(one, { strategy, template: templateOf(image) }));
    await released('web:v1');
    await reaches(scene.plane, one, 'Healthy');
    await released('web:v2');
    await reaches(scene.plane, one, 'Paused', { step: 1 });

    // These ring nobody: all of their wakes are in the queue at once.
    await scene.plane.kubectl(['delete', 'validatingwebhookconfiguration', 'serin-doorbell']);
    const many = await newNamespace(scene.plane, 'many');
    const names = Array.from({ length: count }, (_, index) => `web-${index}`);
    const rollouts = names.map((name) => {
      const matchLabels = { app: name };
      const template = { ...templateOf('web:v1'), metadata: { labels: matchLabels } };
      const spec = { replicas: 0, selector: { matchLabels }, template, strategy };
      return { ...webRollout(many, spec), metadata: { name, namespace: many } };
    });
    await apply(scene.plane, ...rollouts);
    await wake(names, many);
    const { maximumConcurrency, highest } = scene.pump;
    await until('the burst', async () => highest() === maximumConcurrency);
    const path = `/v1/clusters/${clusterName}/namespaces/${one}/rollouts/web/promote`;
    const promoted = await fetch(`${scene.api.url}${path}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await issuer.sign()}`,
        'content-type': 'application/json',
      },
      body: '{}',
    });
    expect(promoted.status, await promoted.clone().text()).toBe(200);

    const areDone = async (): Promise<boolean> =>
      (await rolloutsIn(many)).every(({ status }) => status?.phase === 'Healthy');
    await until('all of them', areDone, { withinMs: 120_000, everyMs: 1000 });
    const sets = await scene.plane.kubectl(['get', 'rs', '-n', many, '-o', 'name']);
    expect(sets.trim().split('\n')).toHaveLength(count);
    expect(highest()).toBe(maximumConcurrency);
    expect(scene.pump.failed).toEqual([]);
  }, 240_000);
});
