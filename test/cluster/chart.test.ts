import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { binaries } from './binaries.ts';
import { runProgram } from './processes.ts';

// The same manifests by both ways: `kubectl apply -k infra/cluster` and the chart in that folder.

const folder = join(import.meta.dirname, '..', '..', 'infra', 'cluster');
const url = 'https://api.example/v1/doorbell/prod/secret';

async function ran(program: 'helm' | 'kubectl', ...args: string[]) {
  const programs = await binaries([program]);
  return await runProgram(programs[program], args);
}

function objectsIn(text: string): object[] {
  const objects = parseAllDocuments(text).map((each) => each.toJS());
  const nameOf = ({ kind, metadata }: { kind: string; metadata: { name: string } }) =>
    `${kind} ${metadata.name}`;
  return objects.filter(Boolean).sort((a, b) => nameOf(a).localeCompare(nameOf(b)));
}

describe('infra/cluster', () => {
  it('is a chart without fault', async () => {
    const { code, out } = await ran('helm', 'lint', '--strict', folder);
    expect(out).toMatch(/1 chart\(s\) linted, 0 chart\(s\) failed/);
    expect(code).toBe(0);
  });

  it('is the same as a chart and by kustomize', async () => {
    const chart = await ran('helm', 'template', 'serin', folder);
    const kustomized = await ran('kubectl', 'kustomize', folder);
    expect([chart.code, kustomized.code]).toEqual([0, 0]);
    expect(objectsIn(chart.out)).toEqual(objectsIn(kustomized.out));
    expect(objectsIn(chart.out)).toMatchObject([
      { kind: 'ClusterRole', metadata: { name: 'serin-controller' } },
      { kind: 'ClusterRoleBinding', subjects: [{ kind: 'Group', name: 'serin:controller' }] },
    ]);
  });

  it.each(['http://api.example/x', 'https://api.example/v1?x=1', 'api.example'])(
    'a doorbell at %s is refused before the cluster would',
    async (bad) => {
      const { code, err } = await ran(
        'helm',
        'template',
        'serin',
        folder,
        '--set',
        `doorbell.url=${bad}`,
      );
      expect(code).not.toBe(0);
      expect(err).toMatch(/\/doorbell\/url.* does not match pattern/);
    },
  );

  it('with a doorbell the rights are the same', async () => {
    const { code, out } = await ran(
      'helm',
      'template',
      'serin',
      folder,
      '--set',
      `doorbell.url=${url}`,
    );
    const kustomized = await ran('kubectl', 'kustomize', folder);
    expect(code).toBe(0);
    expect(objectsIn(out)).toEqual(expect.arrayContaining(objectsIn(kustomized.out)));
  });
});
