import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Right, rightsIn, rightText } from '../../lib/diagnose/rights.ts';
import { resources } from '../../lib/kubernetes/resources.ts';
import type { Kind } from '../../lib/world.ts';

// What the code of a turn asks of a cluster, read off its calls, is granted. That nothing more is granted,
// and that this is all, a real API server says: test/cluster/rbac.test.ts.

const manifest = new URL('../../infra/cluster/rbac.yaml', import.meta.url);
const calls = /\bcluster\s*\.(get|list|create|patch|remove|evict)\(\s*(?:'(\w+)')?/g;

function rightOf(call: string, kind: Kind): Right {
  const { group, plural: resource } = resources[kind];
  if (call === 'evict')
    return { verb: 'create', group: '', resource: 'pods', subresource: 'eviction' };
  return { verb: call === 'remove' ? 'delete' : call, group, resource };
}

function asked(): { rights: string[]; open: number } {
  const files = globSync('lib/{apply,observe,reconcile}/*.ts');
  const found = files.flatMap((file) => [...readFileSync(file, 'utf8').matchAll(calls)]);
  const named = found.filter(([, call, kind]) => kind !== undefined || call === 'evict');
  const rights = named.map(([, call = '', kind = 'Pod']) => rightText(rightOf(call, kind as Kind)));
  return { rights: [...new Set(rights)].sort(), open: found.length - named.length };
}

describe('the rights of infra/cluster', () => {
  it('are at least what the code names', () => {
    const { rights } = asked();
    expect(rights).toContain('create pods/eviction');
    expect(rights.length).toBeGreaterThan(10);
    expect(rightsIn(manifest).map(rightText)).toEqual(expect.arrayContaining(rights));
  });

  it('of the calls whose kind is a variable there are those of a workloadRef, and no others', () => {
    // observe: get; resync: list; apply: patch. All three are tried in test/cluster/rbac.test.ts.
    expect(asked().open).toBe(3);
  });

  it('give no wildcard, no Secrets and no way to more rights', () => {
    const texts = rightsIn(manifest).map(rightText);
    expect(new Set(texts).size).toBe(texts.length);
    for (const text of texts) expect(text).not.toMatch(/\*|secrets|rbac|bind|escalate|impersonate/);
  });
});
