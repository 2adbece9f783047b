import { describe, expect, it } from 'vitest';
import { rolloutOf } from '../cases/templates.ts';
import { lintRules } from './lintRulesTable.ts';
import { serin } from './support.ts';

type Finding = { path: string; message: string };

async function lint(manifest: object) {
  const argv = ['lint', '-', '-o', 'json'];
  const { code, out } = await serin(argv, {}, undefined, JSON.stringify(manifest));
  const [{ findings }] = JSON.parse(out).files;
  return { code, findings: findings as Finding[] };
}

describe('the rules about pods', () => {
  it.each([...lintRules.wrong, ...lintRules.wrongLater])('find $what', async ({ at, ...parts }) => {
    const { code, findings } = await lint(rolloutOf(parts));
    expect(findings.map(({ path }) => path)).toEqual([at]);
    expect(code).toBe(1);
  });

  it.each([...lintRules.right, ...lintRules.rightByPolicy])('let $what pass', async (parts) => {
    expect(await lint(rolloutOf(parts))).toEqual({ code: 0, findings: [] });
  });

  it('leave room for the hash in the names of ReplicaSets', async () => {
    const name = `${'a'.repeat(120)}.${'b'.repeat(121)}`;
    expect((await lint(rolloutOf({ metadata: { name } }))).findings).toEqual([]);
    expect((await lint(rolloutOf({ metadata: { name: `${name}b` } }))).findings).toMatchObject([
      { path: 'metadata.name', message: expect.stringMatching(/at most 242 letters/) },
    ]);
  });
});

describe('one fault', () => {
  const c = { name: 'c', image: 'nginx:1' };
  const pathsOf = async (manifest: object) =>
    (await lint(manifest)).findings.map(({ path }) => path);

  it('of a type hides no other', async () => {
    const manifest = rolloutOf({
      metadata: { name: 'MyApp' },
      spec: { replicas: 'two', strategy: { canary: { steps: [{ setWeight: 101 }] } } },
      pod: { containers: [{ ...c, tty: 'yes', imagePullPolicy: 'always' }] },
    });
    const template = rolloutOf({
      pod: { containers: [{ ...c, tty: 'yes', imagePullPolicy: 'always' }] },
    });
    Object.assign(manifest.spec ?? {}, { template: template.spec?.template });
    expect(await pathsOf(manifest)).toEqual([
      'spec.replicas',
      'spec.template.spec.containers[0].tty',
      'metadata.name',
      'spec.strategy.canary.steps[0].setWeight',
      'spec.template.spec.containers[0].imagePullPolicy',
    ]);
  });

  it('is told once: what follows from it is not', async () => {
    const wrongTypes = {
      pod: { containers: [{ name: 5, image: 5, livenessProbe: { httpGett: {} } }] },
    };
    expect(await pathsOf(rolloutOf(wrongTypes))).toEqual([
      'spec.template.spec.containers[0].name',
      'spec.template.spec.containers[0].image',
      'spec.template.spec.containers[0].livenessProbe.httpGett',
    ]);
    expect(await pathsOf(rolloutOf({ pod: { containers: { a: 1 } } }))).toEqual([
      'spec.template.spec.containers',
    ]);
    expect(await pathsOf(rolloutOf({ pod: { containers: ['a', { ...c, ports: [1] }] } }))).toEqual([
      'spec.template.spec.containers[0]',
      'spec.template.spec.containers[1].ports[0]',
    ]);
    expect(await pathsOf(rolloutOf({ template: { labels: { app: 5 } } }))).toEqual([
      'spec.template.metadata.labels[app]',
    ]);
  });

  it('may be a null in a list, but not in the place of a field', async () => {
    const manifest = rolloutOf({ pod: { containers: [{ ...c, command: ['a', null] }, null] } });
    expect(await pathsOf(manifest)).toEqual([
      'spec.template.spec.containers[0].command[1]',
      'spec.template.spec.containers[1]',
    ]);
    expect(await pathsOf(rolloutOf({ container: { command: null } }))).toEqual([]);
  });

  it('of a value that is nothing like a manifest is told', async () => {
    for (const spec of [null, 5, [], { template: null }, { template: { spec: [] } }]) {
      const { code, findings } = await lint({ ...rolloutOf({}), spec });
      expect(findings.length).toBeGreaterThan(0);
      expect(code).toBe(1);
    }
    expect((await lint({ ...rolloutOf({}), metadata: null })).code).toBe(1);
  });
});

describe('many faults', () => {
  const ports = Array.from({ length: 25 }, (_, index) => ({ containerPort: 70_000 + index }));
  const manifest = JSON.stringify(rolloutOf({ container: { ports } }));

  it('are shown as the first twenty, and how many more there are', async () => {
    const { out } = await serin(['lint', '-'], {}, undefined, manifest);
    const lines = out.trimEnd().split('\n');
    expect(lines).toHaveLength(21);
    expect(lines.at(-1)).toBe('-: and 5 more; -o json shows all of them');
  });

  it('are all in the JSON', async () => {
    const { findings } = await lint(JSON.parse(manifest));
    expect(findings).toHaveLength(25);
  });
});
