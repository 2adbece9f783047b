import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
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
