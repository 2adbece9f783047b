import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { faultsOf } from '../../cli/lint/check.ts';
import { verdictOf } from '../../cli/lint/dryRun.ts';
import type { Rollout } from '../../lib/model/argo.generated.ts';
import { checkStructure } from '../../lib/model/structure.ts';
import { randomFrom } from '../../lib/simulate/random.ts';
import { refused, rolloutOf } from '../cases/templates.ts';
import { lintRules } from '../cli/lintRulesTable.ts';
import { serin, temporaryFolder } from '../cli/support.ts';
import { apply, newNamespace, webRollout, withControlPlane } from './stage.ts';

// What `serin lint` refuses, a real API server refuses, and what it lets pass it lets pass.

const plane = withControlPlane();
const namespace = 'lint';

beforeAll(async () => {
  await newNamespace(plane(), namespace);
});

/** What the API server alone says. */
async function judged(manifest: object): Promise<string[]> {
  const verdict = await verdictOf({ kubeconfig: plane().kubeconfigOf('admin'), namespace }, {});
  const { faults = [] } = (await verdict?.(manifest, [], [])) ?? {};
  return faults
    .filter(({ message }) => message.startsWith('is refused by the cluster'))
    .map(({ path, message }) => `${path} ${message}`);
}

async function lint(manifest: object, user = 'admin') {
  const file = join(temporaryFolder(), 'rollout.json');
  writeFileSync(file, JSON.stringify(manifest));
  const kubeconfig = plane().kubeconfigOf(user);
  return await serin(['lint', file, '--kubeconfig', kubeconfig, '-n', namespace]);
}

describe('a real API server', () => {
  it.each(refused.map(([what, , parts]) => ({ what, parts })))(
    'refuses $what',
    async ({ parts }) => {
      expect(await judged(rolloutOf(parts))).not.toEqual([]);
    },
  );

  it.each(lintRules.wrong)('refuses $what', async (parts) => {
    expect(await judged(rolloutOf(parts))).not.toEqual([]);
  });

  it.each(lintRules.right)('takes $what', async (parts) => {
    expect(await judged(rolloutOf(parts))).toEqual([]);
  });
});

describe('lint with a kubeconfig', () => {
  it('writes nothing', async () => {
    const { code, out } = await lint(rolloutOf({}));
    expect(out).toMatch(/1 Rollout, nothing wrong, in a dry run on the cluster either/);
    expect(code).toBe(0);
    const found = await plane().kubectl([
      'get',
      'rollouts,replicasets',
      '-n',
      namespace,
      '-o',
      'name',
    ]);
    expect(found).toBe('');
  });

  it('takes what is there already', async () => {
    const there = webRollout(namespace, { strategy: { canary: {} } });
    await apply(plane(), there);
    expect(await lint(there)).toMatchObject({ code: 0, err: '' });
    await plane().kubectl(['delete', 'rollout', 'web', '-n', namespace]);
  });

  it('tells what only this cluster knows', async () => {
    const missing = rolloutOf({ metadata: { namespace: 'elsewhere' } });
    expect((await lint(missing)).out).toMatch(
      /metadata.namespace is refused by the cluster: namespaces "elsewhere" not found/,
    );
    const { code, out } = await lint(
      rolloutOf({ pod: { overhead: { cpu: -1 }, containers: [{}] } }),
    );
    expect(out).toMatch(/spec.template.spec.containers\[0\].name is missing/);
    expect(out).toMatch(/overhead.* is refused by the cluster/);
    expect(code).toBe(1);
  });

  it('says which right is missing', async () => {
    const { code, err } = await lint(rolloutOf({}), 'nobody');
    expect(err).toMatch(/allow the verb "create" on the resource "rollouts"/);
    expect(code).toBe(3);
  });
});

describe('lint alone', () => {
  const values = [
    '',
    'a',
    'A',
    'a.b',
    'a/b',
    'a_b',
    '-a',
    'a-',
    '*',
    '../a',
    '/a',
    '1',
    'In',
    'None',
  ];
  const names = [...values, 'x'.repeat(16), 'x'.repeat(64), 'Always', 'Exists', 'TCP', '10.0.0.1'];
  const numbers = [0, 1, -1, 2, 80, 101, 512, 65_535, 65_536, 2 ** 31 - 1, 2 ** 31];
  const random = randomFrom(31);
  const pick = <T>(list: readonly T[]): T => list[random.below(list.length)] as T;

  /** Something in it is left out, doubled, emptied or exchanged. */
  function mutant(manifest: Rollout): Rollout {
    const copy = structuredClone(manifest);
    const places: [Record<string, unknown>, string][] = [];
    const visit = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return;
      for (const key of Object.keys(value)) {
        places.push([value as Record<string, unknown>, key]);
        visit((value as Record<string, unknown>)[key]);
      }
    };
    visit(copy.spec?.template);
    const [holder, key] = pick(places);
    const value = holder[key];
    if (random.below(5) === 0) delete holder[key];
    else if (Array.isArray(value)) holder[key] = pick([[], [...value, ...structuredClone(value)]]);
    else if (typeof value === 'string') holder[key] = pick(names);
    else if (typeof value === 'number') holder[key] = pick(numbers);
    else if (typeof value === 'boolean') holder[key] = !value;
    else holder[key] = {};
    return JSON.parse(JSON.stringify(copy));
  }

  it('is as strict as the API server, on templates that something was done to', async () => {
    const differing: object[] = [];
    // Volumes of seldom kinds are left to the API server.
    const right = lintRules.right.filter((parts) => !/"iscsi"/.test(JSON.stringify(parts)));
    const mutants = Array.from({ length: 400 }, () => mutant(rolloutOf(pick(right))));
    for (const each of mutants) {
      const alone = faultsOf(each).map(({ path, message }) => `${path} ${message}`);
      const server = await judged(each);
      // A value of a wrong type is kept from the ReplicaSet.
      const isTyped = checkStructure('Rollout', each).length === 0;
      const isEqual = alone.length > 0 === server.length > 0;
      if (isTyped && !isEqual) differing.push({ alone, server });
    }
    expect(differing).toEqual([]);
  });
});
