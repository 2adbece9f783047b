import { describe, expect, it } from 'vitest';
import { minuteMs, secondMs } from '../../lib/model/units.ts';
import { blankRecord } from '../../lib/record/blank.ts';
import { make, start } from '../make.ts';
import { doorbellStage, resources } from './stage.ts';

const key = { cluster: 'prod', namespace: 'shop', name: 'web' };
const instanceId = 'argo-rollouts.argoproj.io/controller-instance-id';
const image = { spec: { template: { spec: { containers: [{ name: 'web', image: 'web:2' }] } } } };
const update = (over: object = image) => ({
  resource: resources.rollouts,
  oldObject: make.rollout(),
  object: make.rollout({ metadata: { generation: 2 }, ...over }),
});
const statusOf = (before: object, after: object) => ({
  ...{ resource: resources.rollouts, subResource: 'status' },
  oldObject: { ...make.rollout(), status: before },
  object: { ...make.rollout(), status: after },
});
const counts = (before: object, after: object, name = 'web-1') => ({
  ...{ resource: resources.replicasets, subResource: 'status', name },
  oldObject: make.replicaSet({ metadata: { name }, status: before }),
  object: make.replicaSet({ metadata: { name }, status: after }),
});
const ready = counts({ availableReplicas: 1 }, { availableReplicas: 2 });

describe('a notice', () => {
  it('wakes its rollout a second later, and says which version it had', async () => {
    const { ring, sent } = await doorbellStage();
    const { response } = await ring(update());
    expect(response).toEqual({ uid: 'a-1', allowed: true });
    const before = { uid: 'uid-of-web', resourceVersion: '100', looks: 0 };
    expect(sent).toEqual([{ message: { key, before }, delayMs: secondMs }]);
  });

  it('of a new rollout says that there was none', async () => {
    const { ring, sent } = await doorbellStage();
    await ring({ ...update(), operation: 'CREATE', oldObject: null });
    expect(sent[0]?.message).toMatchObject({ before: { uid: 'uid-of-web', resourceVersion: '' } });
  });

  it('of a ReplicaSet wakes the rollout that owns it; several on their way are one', async () => {
    const { clock, ring, sent } = await doorbellStage();
    await ring(ready);
    await ring(counts({}, { readyReplicas: 1 }, 'web-2'));
    clock.set(start + secondMs);
    await ring(ready);
    expect(sent).toHaveLength(1);
    expect(sent[0]).toMatchObject({ message: { key }, delayMs: 2 * secondMs });
    // Its write might not show yet when that wake arrives.
    clock.set(start + secondMs + 1);
    await ring(ready);
    expect(sent).toHaveLength(2);
  });

  it('of a person’s write gets a wake of its own at any time', async () => {
    const { ring, sent } = await doorbellStage();
    await ring(ready);
    await ring(update());
    expect(sent.map(({ delayMs }) => delayMs)).toEqual([2000, 1000]);
  });

  it.each([
    ['a dry run', { dryRun: true }],
    ['a write of Serin’s role', { userInfo: { username: 'x', groups: ['serin:controller'] } }],
    ['another resource', { resource: { group: '', version: 'v1', resource: 'secrets' } }],
    ['a CONNECT', { operation: 'CONNECT' }],
    ['an object without a namespace', { namespace: undefined }],
  ])('of %s wakes nobody and is kept for nobody', async (_, over) => {
    const { ring, sent, notices } = await doorbellStage();
    expect((await ring({ ...update(), ...over })).response.allowed).toBe(true);
    expect(sent).toEqual([]);
    expect(await notices()).toEqual([]);
  });

  it('of a write by whoever calls himself Serin wakes, and names him', async () => {
    const { ring, sent, notices } = await doorbellStage();
    await ring({ ...update(), options: { fieldManager: 'serin' } });
    expect(sent).toHaveLength(1);
    expect(await notices()).toMatchObject([{ user: 'ada', explains: ['revision'] }]);
  });

  it('of another instance’s rollout wakes nobody, of one that changes hands it does', async () => {
    const { ring, sent } = await doorbellStage();
    const others = make.rollout({ metadata: { labels: { [instanceId]: 'x' } } });
    await ring({ ...update(), object: others, oldObject: others });
    expect(sent).toEqual([]);
    await ring({ ...update(), object: others });
    expect(sent).toHaveLength(1);
  });

  it('of a ReplicaSet whose counts stay wakes nobody', async () => {
    const { ring, sent } = await doorbellStage();
    await ring(counts({ availableReplicas: 2 }, { availableReplicas: 2 }));
    expect(sent).toEqual([]);
  });

  it('of a workload wakes the rollouts that the table says refer to it', async () => {
    const { clock, ring, sent, store, notices } = await doorbellStage();
    const progress = make.progress();
    const managed = [{ kind: 'Deployment' as const, namespace: 'shop', name: 'base' }];
    await store.save({ ...blankRecord(key), progress, managed });
    await store.save(blankRecord({ ...key, name: 'other' }));
    const deployment = (image: string, generation: number) => ({
      metadata: { name: 'base', namespace: 'shop', uid: 'd', resourceVersion: '7', generation },
      spec: { template: { spec: { containers: [{ name: 'web', image }] } } },
    });
    const notice = {
      ...{ resource: resources.deployments, name: 'base' },
      ...{ oldObject: deployment('web:1', 1), object: deployment('web:2', 2) },
    };
    await ring(notice);
    await ring({ ...notice, name: 'another' });
    expect(sent.map(({ message }) => message)).toEqual([
      { key, before: { uid: 'd', resourceVersion: '7', looks: 0 } },
    ]);
    expect(await notices()).toMatchObject([{ user: 'ada', explains: ['revision'] }]);
    // One that has come since is found too, though not at once.
    const later = { ...key, name: 'later' };
    await store.save({ ...blankRecord(later), managed });
    clock.set(start + 2 * secondMs);
    await ring(notice);
    expect(sent.map(({ message }) => message)).toContainEqual(
      expect.objectContaining({ key: later }),
    );
  });

  it('of an analysis run wakes it and its rollout, of a job its run', async () => {
    const { ring, sent } = await doorbellStage();
    const owned = (kind: string, name: string) => ({
      metadata: {
        ownerReferences: [
          { apiVersion: 'argoproj.io/v1alpha1', kind, name, uid: 'o', controller: true },
        ],
      },
    });
    const run = { ...key, kind: 'AnalysisRun' as const, name: 'x' };
    await ring({ resource: resources.analysisruns, name: 'x', object: owned('Rollout', 'web') });
    expect(sent.map(({ message }) => message)).toMatchObject([{ key: run }, { key }]);
    const other = { ...run, name: 'web-6f-2' };
    await ring({ resource: resources.jobs, name: 'j', object: owned('AnalysisRun', other.name) });
    expect(sent.at(-1)?.message).toMatchObject({ key: other });
    await ring({ resource: resources.jobs, name: 'k', object: owned('CronJob', 'nightly') });
    expect(sent).toHaveLength(3);
  });

  it('of a run that nobody owns wakes it, if it is of this instance', async () => {
    const { ring, sent } = await doorbellStage();
    const labels = { [instanceId]: 'x' };
    const mine = { resource: resources.analysisruns, name: 'x', object: { metadata: {} } };
    await ring({ ...mine, object: { metadata: { labels } } });
    expect(sent).toEqual([]);
    await ring(mine);
    expect(sent.map(({ message }) => message)).toMatchObject([
      { key: { ...key, kind: 'AnalysisRun', name: 'x' } },
    ]);
  });
});

describe('a queue that fails', () => {
  it('lets the write pass, keeps who it was, and the next notice wakes', async () => {
    const stage = await doorbellStage();
    stage.queue.isDown = true;
    expect((await stage.ring(ready)).response.allowed).toBe(true);
    expect((await stage.ring(update())).response.allowed).toBe(true);
    expect(stage.logged).toEqual(Array(2).fill('warn a notice woke nobody'));
    expect(await stage.notices()).toHaveLength(1);
    stage.queue.isDown = false;
    await stage.ring(ready);
    expect(stage.sent).toHaveLength(1);
  });

  it('is not waited for when it hangs', async () => {
    const stage = await doorbellStage();
    stage.queue.hangs = true;
    const since = Date.now();
    expect((await stage.ring(update())).response.allowed).toBe(true);
    expect(Date.now() - since).toBeLessThan(1900);
  });
});

describe('who it was', () => {
  const paused = { pauseConditions: [{ reason: 'CanaryPauseStep' }], currentStepIndex: 1 };
  it.each([
    ['set an image', update(), ['revision']],
    ['paused', update({ spec: { paused: true } }), ['paused']],
    [
      'changed the steps',
      update({ spec: { strategy: { canary: { steps: [{ setWeight: 20 }] } } } }),
      ['steps'],
    ],
    [
      'changed the limits of the steps',
      update({ spec: { strategy: { canary: { maxSurge: 2 } } } }),
      [],
    ],
    [
      'scaled and restarted',
      update({ spec: { replicas: 9, restartAt: 'x' } }),
      ['scaled', 'restarted'],
    ],
    ['promoted', statusOf(paused, { currentStepIndex: 1 }), ['promoted']],
    ['skipped a step', statusOf(paused, { ...paused, currentStepIndex: 2 }), ['promoted']],
    ['promoted in full', statusOf({}, { promoteFull: true }), ['promoted']],
    [
      'promoted an aborted one in full',
      statusOf({ abort: true }, { abort: true, promoteFull: true }),
      ['promoted'],
    ],
    ['aborted', statusOf(paused, { abort: true }), ['aborted']],
    ['retried', statusOf({ abort: true }, {}), ['retried']],
    [
      'scaled by its subresource',
      { ...update(), subResource: 'scale', object: { metadata: { uid: 'uid-of-web' } } },
      ['scaled'],
    ],
    ['labelled', update({ metadata: { labels: { a: 'b' } } }), []],
    ['deleted', { ...update(), operation: 'DELETE', object: null }, []],
  ])('%s', async (_, request, explains) => {
    const { ring, notices, clock } = await doorbellStage();
    await ring(request);
    const kept = explains.length === 0 ? [] : [{ key, uid: 'uid-of-web', user: 'ada', explains }];
    expect(await notices()).toMatchObject(kept);
    clock.set(start + 60 * minuteMs);
    expect(await notices()).toEqual([]);
  });
});

describe('too much', () => {
  it('becomes one list for each window and all processes, when it is over', async () => {
    const { clock, ring, sent, register } = await doorbellStage();
    await register({}, 'stage');
    const named = (index: number) => ({ ...update(), name: `web-${index}` });
    for (let index = 0; index < 150; index += 1) await ring(named(index));
    const lists = () => sent.filter(({ message }) => 'list' in message);
    expect(sent.length - lists().length).toBe(100);
    expect(lists()).toEqual([{ message: { list: 'prod' }, delayMs: 32 * secondMs }]);
    clock.set(start + 5 * secondMs);
    for (let index = 0; index < 150; index += 1) await ring(named(1000 + index));
    expect(sent.length - lists().length).toBe(200);
    expect(lists()).toHaveLength(1);
    clock.set(start + 31 * secondMs);
    for (let index = 0; index < 150; index += 1) await ring(named(2000 + index));
    expect(lists()).toHaveLength(2);
  });

  it('of one cluster leaves the others alone', async () => {
    const { ring, sent, register, secret } = await doorbellStage();
    await register({}, 'stage');
    for (let index = 0; index < 150; index += 1) await ring({ ...update(), name: `web-${index}` });
    await ring(update(), `/v1/doorbell/stage/${secret}`);
    expect(sent.at(-1)?.message).toMatchObject({ key: { cluster: 'stage' } });
  });

  it('in a body is refused, and changes nothing', async () => {
    const { post, secret, sent } = await doorbellStage();
    const answer = await post(`/v1/doorbell/prod/${secret}`, 'x'.repeat(1024 * 1024 + 1));
    expect(answer).toEqual({ status: 413, text: expect.stringContaining('larger than 1048576') });
    expect(sent).toEqual([]);
  });
});

describe('a body that is no review', () => {
  const review = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' };
  const ownedBy = (name: string) => ({
    metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'Rollout', name, uid: 'u' }] },
  });
  const whole = { uid: 'a', operation: 'UPDATE', userInfo: {}, resource: resources.rollouts };
  it.each([
    ['', /not JSON/],
    ['{', /not JSON/],
    [Buffer.from([0xff, 0xfe]), /not JSON in UTF-8/],
    ['null', /no AdmissionReview/],
    ['[]', /no AdmissionReview/],
    [JSON.stringify({ ...review, apiVersion: 'admission.k8s.io/v1beta1' }), /apiVersion/],
    [JSON.stringify(review), /request/],
    [JSON.stringify({ ...review, request: { ...whole, uid: 'a b' } }), /request.uid/],
    [JSON.stringify({ ...review, request: { ...whole, operation: 'PATCH' } }), /operation/],
    [JSON.stringify({ ...review, request: { ...whole, name: '../x' } }), /request.name/],
    [JSON.stringify({ ...review, request: { ...whole, namespace: 'a#b' } }), /request.namespace/],
    [JSON.stringify({ ...review, request: { ...whole, object: { spec: 7 } } }), /request.object/],
    [JSON.stringify({ ...review, request: { ...whole, userInfo: { groups: 'x' } } }), /groups/],
    [JSON.stringify({ ...review, request: { ...whole, object: ownedBy('..') } }), /ownerRef/],
    [JSON.stringify({ ...review, request: { ...whole, object: ownedBy('a/b') } }), /ownerRef/],
  ])('%s is told so, and changes nothing', async (body, why) => {
    const { post, secret, sent } = await doorbellStage();
    const answer = await post(`/v1/doorbell/prod/${secret}`, body);
    expect(answer).toEqual({ status: 400, text: expect.stringMatching(why) });
    expect(sent).toEqual([]);
  });
});

describe('a faulty spec', () => {
  const faulty = { spec: { minReadySeconds: -1 } };
  const path = 'spec.minReadySeconds must be 0 or more, not -1';
  const ringWith = async (enforce: boolean, request: object) => {
    const stage = await doorbellStage();
    await stage.register({ enforce });
    return { ...(await stage.ring(request)).response, sent: stage.sent };
  };

  it('is warned of, and wakes', async () => {
    const { allowed, warnings, sent } = await ringWith(false, update(faulty));
    expect({ allowed, warnings }).toEqual({ allowed: true, warnings: [`Serin, web: ${path}`] });
    expect(sent).toHaveLength(1);
  });

  it('of wrong types is told by them, in few words', async () => {
    const steps = Array.from({ length: 50 }, () => ({ setWeight: `${'x'.repeat(400)}` }));
    const spec = { ...make.rollout().spec, strategy: { canary: { steps } } };
    const { warnings } = await ringWith(false, {
      ...update(),
      object: { ...make.rollout(), spec },
    });
    expect(warnings).toHaveLength(8);
    expect(warnings[0]).toMatch(/^Serin, web: spec.strategy.canary.steps\[0\].setWeight must be/);
    expect(warnings[7]).toMatch(/^Serin, web: and 43 more faults/);
    expect(Math.max(...warnings.map((line: string) => line.length))).toBeLessThanOrEqual(256);
  });

  it('of a wrong type hides no other', async () => {
    const spec = {
      ...make.rollout().spec,
      replicas: 'two',
      strategy: { canary: {}, blueGreen: {} },
    };
    const { warnings } = await ringWith(false, {
      ...update(),
      object: { ...make.rollout(), spec },
    });
    expect(warnings).toEqual([
      expect.stringMatching(/^Serin, web: spec.replicas must be a whole number/),
      expect.stringMatching(/^Serin, web: spec.strategy must be canary or blueGreen, not both/),
    ]);
  });

  it('a thousand times over is refused by the first 20, and how many more there are', async () => {
    const steps = Array.from({ length: 1000 }, () => ({ setWeight: 'x' }));
    const { spec } = make.rollout();
    const object = { ...make.rollout(), spec: { ...spec, strategy: { canary: { steps } } } };
    const { status } = await ringWith(true, { ...update(), object });
    expect(status.message.match(/steps\[\d+\]/g)).toHaveLength(20);
    expect(status.message).toMatch(/; and 980 more$/);
  });

  it('is refused with enforce, and then wakes nobody', async () => {
    const { allowed, status, sent } = await ringWith(true, update(faulty));
    expect(allowed).toBe(false);
    expect(status).toEqual({ code: 422, reason: 'Invalid', message: path });
    expect(sent).toEqual([]);
  });

  it('is refused in a dry run too, which then says what would happen', async () => {
    const { allowed } = await ringWith(true, { ...update(faulty), dryRun: true });
    expect(allowed).toBe(false);
  });

  const old = make.rollout(faulty);
  it.each([
    [
      'that was so before',
      { ...update({ spec: { minReadySeconds: -1, paused: true } }), oldObject: old },
    ],
    ['in a write of metadata', { ...update(faulty), oldObject: old }],
    ['in a write of the status', { ...update(faulty), subResource: 'status' }],
    ['in a write of the scale', { ...update(faulty), subResource: 'scale' }],
    ['of one that is being deleted', update({ ...faulty, metadata: { deletionTimestamp: 'x' } })],
    ['of one that is deleted', { ...update(), operation: 'DELETE', oldObject: old, object: null }],
    ['in Serin’s own write', { ...update(faulty), userInfo: { groups: ['serin:controller'] } }],
  ])('%s is never refused', async (_, request) => {
    expect((await ringWith(true, request)).allowed).toBe(true);
  });

  it('is refused whoever’s manager’s name is borrowed', async () => {
    const options = { fieldManager: 'serin' };
    expect((await ringWith(true, { ...update(faulty), options })).allowed).toBe(false);
  });

  it('may be a label of a role that the selector does not let its pods have', async () => {
    const canary = { canaryMetadata: { labels: { app: 'other' } } };
    const request = update({ spec: { strategy: { canary } } });
    const path = 'spec.strategy.canary.canaryMetadata.labels[app]';
    const { allowed, warnings } = await ringWith(false, request);
    expect(allowed).toBe(true);
    expect(warnings).toEqual([expect.stringContaining(`Serin, web: ${path} must be web, which`)]);
    expect(await ringWith(true, request)).toMatchObject({
      allowed: false,
      status: { message: expect.stringContaining(path) },
    });
  });

  it('that is only not carried out yet is warned of, never refused', async () => {
    const steps = [{ plugin: { name: 'acme/step' } }];
    const later = { spec: { strategy: { canary: { steps } } } };
    const { allowed, warnings } = await ringWith(true, update(later));
    expect(allowed).toBe(true);
    expect(warnings).toEqual([expect.stringMatching(/plugin is right, but this version/)]);
  });
});
