import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import type { Deployment, Rollout } from '../../lib/model/argo.generated.ts';
import { cluster, web } from './adoptStage.ts';
import { serin, temporaryFolder } from './support.ts';

// What stops working when Argo's controller does, beside what drives the rollouts.

const subscription = 'notifications.argoproj.io/subscribe.on-rollout-completed.slack';
const blueGreen = { activeService: 'active', scaleDownDelaySeconds: 0 };
const subscribed: Rollout = {
  ...web('web', { strategy: { blueGreen } }),
  metadata: { name: 'web', namespace: 'shop', annotations: { [subscription]: 'shop-team' } },
};
const configMap = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'argo-rollouts-notification-configmap', namespace: 'argo-rollouts' },
};
const metrics = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'argo-rollouts-metrics', namespace: 'argo-rollouts' },
  spec: { ports: [{ port: 8090 }] },
};
const active = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'active', namespace: 'shop' },
  spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
};

describe('lint', () => {
  function file(...objects: object[]): string {
    const path = join(temporaryFolder(), 'all.yaml');
    writeFileSync(path, objects.map((each) => stringify(each)).join('---\n'));
    return path;
  }

  it('notes what ends with Argo’s controller, and calls none of it wrong', async () => {
    const path = file(subscribed, configMap, metrics);
    const { code, out } = await serin(['lint', path]);
    expect(code).toBe(0);
    expect(out).toMatch(
      /:\d+: note: metadata\.annotations .*subscribe\.on-rollout-completed\.slack.* `serin settings import`/,
    );
    expect(out).toMatch(/:\d+: note: spec\.strategy\.blueGreen\.scaleDownDelaySeconds .*at once/);
    expect(out).toMatch(/:\d+: note: .*argo-rollouts-notification-configmap/);
    expect(out).toMatch(/:\d+: note: .*Prometheus metrics/);
    expect(out).toContain(`${path}: 1 Rollout, nothing wrong\n`);
    const json = JSON.parse((await serin(['lint', path, '-o', 'json'])).out);
    expect(json.files[0]).toMatchObject({ findings: [] });
    expect(json.files[0].notes).toHaveLength(4);
  });

  it('has nothing to note of a rollout without all that', async () => {
    const { out } = await serin(['lint', file(web('web'))]);
    expect(out).toMatch(/^\S+: 1 Rollout, nothing wrong\n$/);
  });
});

describe('adopt', () => {
  const controller: Deployment = {
    metadata: {
      namespace: 'argo-rollouts',
      name: 'argo-rollouts',
      uid: 'u',
      labels: { 'app.kubernetes.io/name': 'argo-rollouts' },
    },
    spec: { replicas: 0, template: { spec: { containers: [{ name: 'argo-rollouts' }] } } },
  };

  it('names what ends with it, and is ready all the same', async () => {
    const { sim, run, pass, adopt, adoptJson } = await cluster({
      deployments: [controller],
      configMaps: [configMap],
    });
    sim.apply('Service', active);
    sim.apply('Service', metrics);
    sim.apply('Rollout', subscribed);
    await run();
    await pass();
    const { code, endings } = await adoptJson('-n', 'shop');
    expect(endings.map(({ where }) => where)).toEqual([
      'Rollout shop/web',
      'Rollout shop/web',
      'ConfigMap argo-rollouts/argo-rollouts-notification-configmap',
      'Service argo-rollouts/argo-rollouts-metrics',
    ]);
    expect(code).toBe(0);
    const { out } = await adopt('-n', 'shop');
    expect(out).toMatch(/^What ends with Argo's controller:$/m);
    expect(out).toMatch(
      /^ {2}Rollout shop\/web +metadata\.annotations .* `serin settings import` makes/m,
    );
    expect(out).toMatch(
      /^ {2}Rollout shop\/web +spec\.strategy\.blueGreen\.scaleDownDelaySeconds/m,
    );
    expect(out).toMatch(/^ {2}ConfigMap argo-rollouts\/argo-rollouts-notification-configmap +/m);
    expect(out).toMatch(/^ {2}Service argo-rollouts\/argo-rollouts-metrics +.*Prometheus/m);
  });

  it('says nothing of it where there is nothing', async () => {
    const { sim, run, pass, adopt } = await cluster();
    sim.apply('Rollout', web('web'));
    await run();
    await pass();
    expect((await adopt()).out).not.toContain('What ends');
  });

  it('says that it may not look', async () => {
    const { adoptJson } = await cluster({ forbid: /configmaps|services/ });
    const { unseen } = await adoptJson();
    expect(unseen).toEqual([
      expect.stringMatching(
        /^ConfigMap argo-rollouts\/argo-rollouts-notification-configmap: .*403/,
      ),
      expect.stringMatching(/^Service argo-rollouts\/argo-rollouts-metrics: .*403/),
    ]);
  });
});
