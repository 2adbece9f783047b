import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { definitions } from '../../lib/model/definitions.ts';
import { binaries } from './binaries.ts';
import { runProgram } from './processes.ts';
import { cli } from './serin.ts';

// The same manifests by both ways: `kubectl apply -k infra/cluster` and the chart in that folder.

const folder = join(import.meta.dirname, '..', '..', 'infra', 'cluster');
const url = 'https://api.example/v1/doorbell/prod/secret';

async function ran(program: 'helm' | 'kubectl', ...args: string[]) {
  const programs = await binaries([program]);
  return await runProgram(programs[program], args);
}

type Manifest = { kind: string; metadata: { name: string } };

function objectsIn(text: string): Manifest[] {
  const objects: Manifest[] = parseAllDocuments(text).map((each) => each.toJS());
  const nameOf = ({ kind, metadata }: Manifest) => `${kind} ${metadata.name}`;
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
    const names = ['', '-alb', '-gateway-api', '-nlb'].map((end) => `serin-controller${end}`);
    const subjects = [{ kind: 'Group', name: 'serin:controller' }];
    expect(objectsIn(chart.out)).toMatchObject([
      ...names.map((name) => ({ kind: 'ClusterRole', metadata: { name } })),
      ...names.map((name) => ({ kind: 'ClusterRoleBinding', metadata: { name }, subjects })),
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

  it('has the routers that are asked for, with their doorbells, and refuses others', async () => {
    const chartOf = (routers: string[]) => {
      const set = ['--set-json', `routers=${JSON.stringify(routers)}`];
      return ran('helm', 'template', 'serin', folder, ...set, '--set', `doorbell.url=${url}`);
    };
    const { out, code } = await chartOf(['istio', 'smi']);
    expect(code).toBe(0);
    const namesOf = (text: string, kind: string) =>
      objectsIn(text).flatMap((each) => (each.kind === kind ? [each.metadata.name] : []));
    const roles = ['serin-controller', 'serin-controller-istio', 'serin-controller-smi'];
    expect(namesOf(out, 'ClusterRole')).toEqual(roles);
    const bells = ['serin-doorbell', 'serin-doorbell-istio', 'serin-doorbell-smi'];
    expect(namesOf(out, 'ValidatingWebhookConfiguration')).toEqual(bells);
    expect(out).not.toContain('doorbell.invalid');
    expect(namesOf((await chartOf([])).out, 'ClusterRole')).toEqual(['serin-controller']);
    const refused = await chartOf(['envoy']);
    expect(refused.code).not.toBe(0);
    expect(refused.err).toMatch(/\/routers\/0.* must be one of/);
  });

  it('lets analyses run Jobs only where that is asked for', async () => {
    const { out, code } = await ran(
      'helm',
      'template',
      'serin',
      folder,
      '--set',
      'metrics.jobs=true',
    );
    expect(code).toBe(0);
    expect(objectsIn(out)).toContainEqual(
      expect.objectContaining({
        kind: 'ClusterRole',
        rules: [{ apiGroups: ['batch'], resources: ['jobs'], verbs: ['get', 'create', 'delete'] }],
      }),
    );
    expect((await ran('helm', 'template', 'serin', folder)).out).not.toContain('batch');
  });

  it('gives rights to the Services and Secrets of measurements by their names', async () => {
    const chartOf = (metrics: object) => {
      const set = ['--set-json', `metrics=${JSON.stringify(metrics)}`];
      return ran('helm', 'template', 'serin', folder, ...set);
    };
    const services = ['monitoring/prometheus:9090'];
    const { out, code } = await chartOf({ services, secrets: ['shop/datadog'] });
    expect(code).toBe(0);
    const roles = objectsIn(out).filter(({ kind }) => kind === 'Role');
    expect(roles).toMatchObject([
      {
        metadata: { name: 'serin-metrics-prometheus-9090', namespace: 'monitoring' },
        rules: [
          {
            resources: ['services/proxy'],
            resourceNames: ['prometheus:9090', 'https:prometheus:9090'],
            verbs: ['get', 'create'],
          },
        ],
      },
      {
        metadata: { name: 'serin-secret-datadog', namespace: 'shop' },
        rules: [{ resources: ['secrets'], resourceNames: ['datadog'], verbs: ['get'] }],
      },
    ]);
    const bindings = objectsIn(out).filter(({ kind }) => kind === 'RoleBinding');
    expect(bindings).toMatchObject(
      roles.map(({ metadata }) => ({
        metadata,
        roleRef: { kind: 'Role', name: metadata.name },
        subjects: [{ kind: 'Group', name: 'serin:controller' }],
      })),
    );
    for (const bad of [{ services: ['prometheus'] }, { secrets: ['shop/*'] }]) {
      expect((await chartOf(bad)).err).toMatch(/does not match pattern/);
    }
  });

  it('can carry the definitions, which Helm leaves alone where they are', async () => {
    const copy = mkdtempSync(join(tmpdir(), 'serin-chart-'));
    onTestFinished(() => rmSync(copy, { recursive: true, force: true }));
    cpSync(folder, copy, { recursive: true });
    const printed = await runProgram(process.execPath, [cli, 'crds']);
    mkdirSync(join(copy, 'crds'), { recursive: true });
    writeFileSync(join(copy, 'crds', 'definitions.yaml'), printed.out);
    const { out } = await ran('helm', 'template', 'serin', copy, '--include-crds');
    const kinds = objectsIn(out).map(({ metadata }) => metadata.name);
    for (const { metadata } of definitions()) expect(kinds).toContain(metadata.name);
  });

  it('with a URL it has the doorbell too, as infra/cluster/doorbell has it', async () => {
    const set = ['--set', `doorbell.url=${url}`];
    const { code, out } = await ran('helm', 'template', 'serin', folder, ...set);
    expect(code).toBe(0);
    const rights = (await ran('kubectl', 'kustomize', folder)).out;
    const files = ['', 'alb/', 'gateway-api/', 'nlb/'].map((of) => `doorbell/${of}webhook.yaml`);
    const bells = files.map((file) =>
      readFileSync(join(folder, file), 'utf8').replaceAll(/https:\/\/doorbell\.invalid\S*/g, url),
    );
    expect(objectsIn(out)).toEqual(objectsIn([rights, ...bells].join('---\n')));
  });
});
