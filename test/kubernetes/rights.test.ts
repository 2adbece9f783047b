import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Right, rightsIn, rightText } from '../../lib/diagnose/rights.ts';
import { type Kind, rowOf, workloadKinds } from '../../lib/model/kinds.ts';

// What the code of a turn asks of a cluster, read off its calls and off what it needs to read, is granted.
// That nothing more is granted, and that this is all, a real API server says: test/cluster/rbac.test.ts.

const manifest = new URL('../../infra/cluster/rbac.yaml', import.meta.url);
const call = /\bcluster\s*\.(get|list|create|patch|remove|evict)\(\s*(?:(?:\{\s*kind: )?'(\w+)')?/g;

/** A reference to an object, a list, and a dry run, which reads who has the name as well. */
const reads: [verbs: string[], read: RegExp][] = [
  [['get'], /\{ kind: '(\w+)', namespace/g],
  [['list'], /\blist: '(\w+)'/g],
  [['create', 'get'], /\bdryRun: .*\bkind: '(\w+)'/g],
];

function rightOf(call: string, kind: Kind): Right {
  const { group, plural: resource } = rowOf(kind);
  if (call === 'evict')
    return { verb: 'create', group: '', resource: 'pods', subresource: 'eviction' };
  return { verb: call === 'remove' ? 'delete' : call, group, resource };
}

function asked(): { rights: string[]; open: number } {
  const textsOf = (glob: string) => globSync(glob).map((file) => readFileSync(file, 'utf8'));
  const calls = textsOf('lib/{apply,observe/readers,reconcile}/*.ts').flatMap((text) => [
    ...text.matchAll(call),
  ]);
  const called = calls.flatMap(([, verb = '', kind]) =>
    kind ? [rightOf(verb, kind as Kind)] : [],
  );
  const core = [...textsOf('lib/decide/*/*.ts'), ...textsOf('lib/observe/*.ts')];
  const read = reads.flatMap(([verbs, pattern]) => {
    const kinds = core.flatMap((text) => [...text.matchAll(pattern)].map(([, kind]) => kind));
    return kinds.flatMap((kind) => verbs.map((verb) => rightOf(verb, kind as Kind)));
  });
  const workloads = workloadKinds.flatMap((kind) => [rightOf('get', kind), rightOf('list', kind)]);
  // What a plan writes, by the object it refers to.
  const patched = core.flatMap((text) => [...text.matchAll(/\brefOf\('(\w+)'/g)]);
  const written = patched.map(([, kind]) =>
    rightOf(kind === 'Pod' ? 'evict' : 'patch', kind as Kind),
  );
  const others = [rightOf('create', 'ReplicaSet'), rightOf('remove', 'ReplicaSet')];
  const rights = [...called, ...read, ...workloads, ...written, ...others].map(rightText);
  return { rights: [...new Set(rights)].sort(), open: calls.length - called.length };
}

describe('the rights of infra/cluster', () => {
  it('are at least what the code names', () => {
    const { rights } = asked();
    expect(rights).toContain('create pods/eviction');
    expect(rights.length).toBeGreaterThan(10);
    expect(rightsIn(manifest).map(rightText)).toEqual(expect.arrayContaining(rights));
  });

  it('of the calls whose kind is a variable there are those of data, and no others', () => {
    // The readers' get, list and dry run with its get; resync's list of the workloads that rollouts refer to.
    // apply has one call of each verb, for whatever a plan writes. What can be shown of an object whose parts
    // may not be read is read again by itself.
    expect(asked().open).toBe(4 + 1 + 4 + 1);
  });

  it('give no wildcard, no Secrets and no way to more rights', () => {
    const texts = rightsIn(manifest).map(rightText);
    expect(new Set(texts).size).toBe(texts.length);
    for (const text of texts) expect(text).not.toMatch(/\*|secrets|rbac|bind|escalate|impersonate/);
  });
});
