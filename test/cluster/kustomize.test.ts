import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { binaries } from './binaries.ts';

it('kustomize puts the image of examples/ci/deploy into the Rollout', async () => {
  const { kubectl } = await binaries(['kubectl']);
  const folder = mkdtempSync(join(tmpdir(), 'serin-kustomize-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  cpSync('examples/ci/deploy', folder, { recursive: true });
  const file = join(folder, 'kustomization.yaml');
  // What `kustomize edit set image front-api=registry.example/front-api:abc1234` leaves in the file.
  const edited = readFileSync(file, 'utf8').replace('newTag: first', 'newTag: abc1234');
  writeFileSync(file, edited);
  expect(parse(edited).images[0].newTag).toBe('abc1234');
  const rendered = execFileSync(kubectl, ['kustomize', folder], { encoding: 'utf8' });
  const [rollout] = parseAllDocuments(rendered).map((document) => document.toJS());
  expect(rollout).toMatchObject({
    kind: 'Rollout',
    metadata: { name: 'front-api', namespace: 'default' },
    spec: { template: { spec: { containers: [{ image: 'registry.example/front-api:abc1234' }] } } },
  });
});

it('kustomize takes each router of infra/cluster, with its doorbell at the URL', async () => {
  const { kubectl } = await binaries(['kubectl']);
  const folder = mkdtempSync(join(tmpdir(), 'serin-kustomize-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  cpSync('infra/cluster', folder, { recursive: true });
  const routers = readdirSync('infra/cluster/routers');
  const url = 'https://api.example/v1/doorbell/prod/secret';
  const annotations = { 'config.kubernetes.io/local-config': 'true' };
  const options = { disableNameSuffixHash: true, annotations };
  const kustomization = {
    resources: ['rbac.yaml'],
    configMapGenerator: [{ name: 'serin-doorbell', literals: [`url=${url}`], options }],
    components: ['doorbell', ...routers.flatMap((name) => [`routers/${name}`, `doorbell/${name}`])],
  };
  writeFileSync(join(folder, 'kustomization.yaml'), stringify(kustomization));
  const rendered = execFileSync(kubectl, ['kustomize', folder], { encoding: 'utf8' });
  const objects = parseAllDocuments(rendered).map((document) => document.toJS());
  const named = (kind: string) =>
    objects.filter((object) => object.kind === kind).map(({ metadata }) => metadata.name);
  expect(named('ClusterRole')).toEqual(
    ['serin-controller', ...routers.map((name) => `serin-controller-${name}`)].sort(),
  );
  expect(named('ValidatingWebhookConfiguration')).toHaveLength(1 + routers.length);
  const urls = objects.flatMap(({ webhooks = [] }) =>
    webhooks.map(({ clientConfig }: { clientConfig: { url: string } }) => clientConfig.url),
  );
  expect(new Set(urls)).toEqual(new Set([url]));
});
