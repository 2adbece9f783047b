import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Seed } from '../../lib/decide/release/gathered.ts';
import { decide } from '../../lib/decide/rollout/decide.ts';
import { needs } from '../../lib/decide/rollout/needs.ts';
import { observedIn } from '../../lib/decide/rollout/observed.ts';
import { stepHash } from '../../lib/model/hash.ts';
import { hashLabel, managedByAnnotation } from '../../lib/model/names.ts';
import { type Answer, answersIn, type Read, readKey } from '../../lib/model/reads.ts';
import { make, start } from '../make.ts';
import { oddObserved } from './odd.ts';

type Given = Partial<Omit<Seed, 'key'>>;

/** Everything that is asked, round by round, of somebody who answers by the key of the read. */
function ask(given: Given, answer: (key: string, read: Read) => Answer) {
  const { key, instanceId, doorbell, rollout, record } = make.observed();
  const known = { record: { ...record, progress: make.progress() } };
  const seed = { ...{ key, instanceId, doorbell, rollout, withPods: false }, ...known, ...given };
  const answers = new Map<string, Answer>();
  const rounds: string[][] = [];
  for (;;) {
    const reads = new Map(
      needs(seed as Seed, answersIn(answers), start).map(({ read }) => [readKey(read), read]),
    );
    const unread = [...reads].filter(([id]) => !answers.has(id));
    if (unread.length === 0) break;
    rounds.push(unread.map(([id]) => id));
    for (const [id, read] of unread) answers.set(id, answer(id, read));
  }
  return { rounds, observed: observedIn(seed as Seed, answersIn(answers)) };
}

/** The objects that are there, by the key of their read; a list is empty unless it is given. */
function world(there: Record<string, unknown>): (key: string, read: Read) => Answer {
  return (key, read) => {
    if (key in there) return { ok: there[key] };
    if ('list' in read) return { ok: [] };
    return 'dryRun' in read ? { ok: { made: read.dryRun } } : { missing: true };
  };
}

const sets = 'list ReplicaSet shop app=web';
const set = make.replicaSet();
const hash = set.metadata?.labels?.[hashLabel];
const released = make.released();
const workloadRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'source' };
const { template, selector } = released.spec ?? {};
const deployment = { metadata: { name: 'source' }, spec: { template, selector } };

describe('a turn asks', () => {
  it('for its ReplicaSets and its Services in one round, where nothing is new', () => {
    const rollout = make.released({ spec: { strategy: { canary: { stableService: 'stable' } } } });
    const { rounds } = ask({ rollout }, world({ [sets]: [set] }));
    expect(rounds).toEqual([[sets, 'get Service shop/stable']]);
  });

  it('for what the API server makes of a new template, once it is known to be new', () => {
    const { rounds, observed } = ask({}, world({}));
    const strays = `list ReplicaSet shop ${hashLabel} in (${hash})`;
    expect(rounds).toEqual([[sets], [strays], [`dry-run ReplicaSet shop/web-${hash}`]]);
    expect(observed).toMatchObject({
      replicaSets: [],
      dryRun: { replicaSet: { metadata: { name: `web-${hash}` } } },
    });
  });

  it('in four rounds for what is behind a workload with the selector', () => {
    const rollout = make.released({
      spec: { workloadRef, template: undefined, selector: undefined },
    });
    const { rounds } = ask({ rollout }, world({ 'get Deployment shop/source': deployment }));
    expect(rounds.map(([first]) => first)).toEqual([
      'get Deployment shop/source',
      sets,
      expect.stringMatching(/^list ReplicaSet shop rollouts-pod-template-hash in/),
      `dry-run ReplicaSet shop/web-${hash}`,
    ]);
  });

  it('in four rounds for the targets of a load balancer, of a workload and without tags', () => {
    const trafficRouting = { alb: { ingress: 'web', servicePort: 80 } };
    const canary = { canaryService: 'canary', stableService: 'stable', trafficRouting };
    const spec = { workloadRef, template: undefined, selector: undefined, strategy: { canary } };
    const hostname = 'web-1.us-east-1.elb.amazonaws.com';
    const groups = ['canary', 'stable'].map((name) => ({
      ...{ name, targets: 'ip', tags: {} },
      arn: name,
    }));
    const binding = (name: string) => ({
      spec: { targetGroupARN: name, serviceRef: { name, port: 80 } },
    });
    const actions = JSON.stringify({
      ForwardConfig: { TargetGroups: [{ ServiceName: 'canary', ServicePort: '80', Weight: 25 }] },
    });
    const ingress = {
      metadata: {
        resourceVersion: '7',
        annotations: { 'alb.ingress.kubernetes.io/actions.stable': actions },
      },
      status: { loadBalancer: { ingress: [{ hostname }] } },
    };
    const bindings = 'list TargetGroupBinding shop ';
    const balancer = readKey({ aws: 'loadBalancer', input: { hostname, since: '7' } });
    const answer = world({
      ...{
        'get Deployment shop/source': deployment,
        [sets]: [set],
        'get Ingress shop/web': ingress,
        'get Service shop/canary': { metadata: { resourceVersion: '8' } },
        'get Service shop/stable': { metadata: { resourceVersion: '9' } },
      },
      ...{
        [balancer]: { listeners: [], groups },
        [bindings]: [binding('canary'), binding('stable')],
      },
    });
    const { rounds } = ask({ rollout: make.released({ spec }) }, answer);
    expect(rounds).toEqual([
      ['get Deployment shop/source', 'get Service shop/stable', 'get Service shop/canary'],
      [sets, 'get Ingress shop/web'],
      [balancer, bindings, 'list Pod shop app=web'],
      [
        readKey({ aws: 'targetHealth', input: { group: 'canary', since: '7 8' } }),
        readKey({ aws: 'targetHealth', input: { group: 'stable', since: '7 9' } }),
      ],
    ]);
  });

  it('for the templates of an analysis that has a run only where the run is gone', () => {
    const analysis = { templates: [{ templateName: 'check' }] };
    const strategy = { canary: { steps: [{ pause: {} }], analysis } };
    const noted = { name: 'web-run', status: 'Running' as const };
    const rollout = make.released({
      spec: { strategy },
      status: {
        ...{ currentStepHash: stepHash(strategy), stableRS: 'old' },
        canary: { currentBackgroundAnalysisRunStatus: noted },
      },
    });
    const runs = 'list AnalysisRun shop app=web';
    const owner = { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', name: 'web' };
    const ownerReferences = [{ ...owner, uid: rollout.metadata?.uid ?? '', controller: true }];
    const run = { metadata: { name: 'web-run', namespace: 'shop', ownerReferences } };
    const templatesOf = (listed: object[]) => {
      const { rounds } = ask({ rollout }, world({ [sets]: [set], [runs]: listed }));
      expect(rounds[0]).toContain(runs);
      return rounds.map((each) => each.filter((key) => key.includes('AnalysisTemplate')));
    };
    expect(templatesOf([run]).flat()).toEqual([]);
    expect(templatesOf([])).toEqual([[], ['get AnalysisTemplate shop/check']]);
  });

  it('for pods where somebody wants to see them, and after the ReplicaSets', () => {
    const { rounds, observed } = ask(
      { withPods: true },
      world({
        [sets]: [set],
        'list Pod shop app=web': [make.pod(set, 'web-1'), make.pod({}, 'x')],
      }),
    );
    expect(rounds).toEqual([[sets], ['list Pod shop app=web']]);
    expect(observed).toMatchObject({ pods: [{ metadata: { name: 'web-1' } }] });
  });

  it('for marked Services while nothing is known of the rollout, and for none of them again', () => {
    const marked = (name: string, by: string) => ({
      metadata: { name, namespace: 'shop', annotations: { [managedByAnnotation]: by } },
    });
    const there = {
      [sets]: [set],
      'list Service shop ': [marked('former', 'web'), marked('other', 'front')],
    };
    const { rounds, observed } = ask({ record: make.record() }, world(there));
    expect(rounds).toEqual([[sets, 'list Service shop ']]);
    expect(observed).toMatchObject({ services: { former: { metadata: { name: 'former' } } } });
    expect(Object.keys((observed as { services: object }).services)).toEqual(['former']);
  });
});

describe('whatever is answered', { timeout: 60_000 }, () => {
  const answer = fc.constantFrom<Answer>(
    { missing: true },
    { failed: 'no', passing: false, remedy: 'a rule' },
    { failed: 'not now', passing: true },
    { ok: [] },
    { ok: [set] },
    {
      ok: [make.revision(2, 'web:2'), set, make.replicaSet({ metadata: { ownerReferences: [] } })],
    },
  );
  const fitting = (read: Read, given: Answer): Answer => {
    if (!('ok' in given) || 'list' in read) return given;
    if (!('object' in read || 'dryRun' in read)) return { missing: true };
    if ('object' in read) return { ok: deployment };
    return { ok: (given.ok as object[]).length > 0 ? { taken: set } : { made: read.dryRun } };
  };

  it('no more than four rounds are asked for, and what is known is decided upon', () => {
    fc.assert(
      fc.property(oddObserved, fc.boolean(), fc.infiniteStream(answer), (odd, isPlain, stream) => {
        const { rollout: inline, key, instanceId, doorbell, record } = odd;
        const { template: _, ...spec } = inline.spec ?? {};
        const rollout = isPlain ? inline : { ...inline, spec: { ...spec, workloadRef } };
        const given = {
          key,
          instanceId,
          doorbell,
          rollout,
          record,
          withPods: odd.pods !== undefined,
        };
        const { rounds, observed } = ask(given as Given, (_key, read) =>
          fitting(read, stream.next().value),
        );
        if (observed && !('appeared' in observed)) decide(observed, start);
        return rounds.length <= 4;
      }),
      { numRuns: 300 },
    );
  });
});
