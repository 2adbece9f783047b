import { describe, expect, it } from 'vitest';
import { loadCedar } from '../../lib/access/cedar.ts';
import { parsePolicies, type Question } from '../../lib/access/policies.ts';
import { remembered } from '../../lib/access/remembered.ts';
import type { Caller, Principal } from '../../lib/model/caller.ts';

// Decisions that are remembered are the ones that Cedar makes: for everybody, everywhere.

const cedar = await loadCedar();

function caller(over: Partial<Principal> = {}): Caller {
  const principal: Principal = { kind: 'token', id: 'ada', groups: [], claims: {}, ...over };
  return { actor: { name: 'ada', proof: 'verified' }, principal };
}

const callers = [
  () => caller(),
  () => caller({ id: 'ben' }),
  () => caller({ groups: ['releasers'] }),
  () => caller({ kind: 'identity', id: 'ci:repo', claims: { ref: 'main' } }),
  () => caller({ kind: 'identity', id: 'ci:repo', claims: { ref: 'other' } }),
  () => caller({ kind: 'identity', id: 'ci:ref', claims: { ref: 'r' } }),
  () => caller({ kind: 'identity', id: 'ci:ref', claims: { ref: 'r', half: '\ud800' } }),
  () => caller({ kind: 'identity', id: 'ci:ref', claims: {} }),
  () => caller({ kind: 'iam', id: 'arn', claims: { account: '1', session: 'ada' } }),
  () => caller({ kind: 'iam', id: 'arn', claims: { account: '1', session: 'ben' } }),
  () => caller({ kind: 'local' }),
];
const places = ['prod', 'eu'].flatMap((cluster) =>
  ['shop', 'blog'].flatMap((namespace) => [
    { cluster, namespace },
    ...['web', 'api'].map((name) => ({ cluster, namespace, name })),
  ]),
);

function opened(text: string) {
  const asked: Question[] = [];
  const plain = parsePolicies(cedar, text);
  const counted = (question: Question) => {
    asked.push(question);
    return plain(question);
  };
  return { plain, decide: remembered(counted, text), asked };
}

describe('decisions that are remembered', () => {
  it.each([
    'permit (principal, action == Action::"read", resource);',
    'permit (principal in Group::"releasers", action, resource in Cluster::"prod");',
    'permit (principal, action, resource in Namespace::"prod/shop");',
    'permit (principal, action, resource == Rollout::"prod/shop/web");',
    'permit (principal, action, resource) when { resource is Rollout && resource.name like "w*" };',
    'permit (principal is Identity, action, resource) when { principal.getTag("ref") == "main" };',
    'permit (principal, action, resource) when { principal is Identity && principal.hasTag("ref") };',
    'permit (principal is Identity, action, resource) when { principal.getTag(principal.subject) == "r" };',
    'permit (principal is Iam, action, resource) when { principal.session == "ada" };',
    'permit (principal, action, resource) unless { resource.namespace == "blog" };',
    'permit (principal, action, resource) when { resource["n\\u{61}me"] == "web" };',
  ])('are those of Cedar: %s', (text) => {
    const { plain, decide } = opened(text);
    for (const _ of ['first', 'again']) {
      for (const who of callers) {
        for (const action of ['read', 'abort', 'promote']) {
          for (const on of places) {
            const question = { caller: who(), action, on };
            expect(decide(question).allows, JSON.stringify(question)).toBe(plain(question).allows);
          }
        }
      }
    }
  });

  it('are made once for each namespace, where no policy can tell its rollouts apart', () => {
    const { decide, asked } = opened('permit (principal, action, resource in Cluster::"prod");');
    const who = caller();
    for (const on of places) decide({ caller: who, action: 'read', on });
    // The namespace itself, and what is in it.
    expect(asked).toHaveLength(8);
    for (const on of places) decide({ caller: caller(), action: 'read', on });
    expect(asked).toHaveLength(8);
  });

  it('are not of those that failed', () => {
    const text = 'permit (principal, action, resource) when { principal.getTag("x") == "y" };';
    const { decide, asked } = opened(text);
    const question = {
      caller: caller({ kind: 'identity', id: 'ci:a' }),
      action: 'read',
      on: places[1],
    };
    for (const _ of ['first', 'again']) {
      const { allows, errors } = decide(question as Question);
      expect([allows, errors.length]).toEqual([false, 1]);
    }
    expect(asked).toHaveLength(2);
  });

  it('are those of the next token too, which differs in what no policy asks for', () => {
    const text =
      'permit (principal is Identity, action, resource) when { principal.getTag("ref") == "main" };';
    const { decide, asked } = opened(text);
    const on = { cluster: 'prod', namespace: 'shop' };
    for (let jti = 0; jti < 10; jti += 1) {
      const claims = { ref: 'main', jti: String(jti), exp: String(jti) };
      const who = caller({ kind: 'identity', id: 'ci:repo', claims });
      expect(decide({ caller: who, action: 'read', on }).allows).toBe(true);
    }
    expect(asked).toHaveLength(1);
  });

  it('are forgotten, and their callers with them, however many there are', () => {
    const known = new Map<string, boolean>();
    // One that asks for claims by no name of its own sees all.
    const decide = remembered(() => ({ allows: true, errors: [] }), 'principal.getTag(x)', known);
    const on = { cluster: 'prod', namespace: 'shop', name: 'web' };
    const long = 'x'.repeat(10_000);
    let most = 0;
    for (let index = 0; index < 200_000; index += 1) {
      const claims = { jti: String(index), ...(index % 1000 === 0 && { long }) };
      decide({ caller: caller({ kind: 'identity', id: 'ci', claims }), action: 'read', on });
      most = Math.max(most, known.size);
    }
    expect(most).toBe(50_000);
    expect(Math.max(...[...known.keys()].slice(0, 5000).map((key) => key.length))).toBeLessThan(80);
  });
});
