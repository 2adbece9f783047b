import { describe, expect, it } from 'vitest';
import type { Noticed } from '../../lib/kubernetes/cache.ts';
import type { Rollout } from '../../lib/model/argo.generated.ts';
import { instanceIdLabel } from '../../lib/model/names.ts';
import { foundAtStart } from '../../server/foundAtStart.ts';
import { ownRollouts } from '../../server/ownRollouts.ts';
import { make } from '../make.ts';

const key = (name: string) => ({ cluster: 'local', namespace: 'shop', name });
const web = (metadata: object = {}): Rollout => make.rollout({ metadata });
const isOther = { labels: { [instanceIdLabel]: 'other' } };

const noticed = (kind: Noticed['kind'], object: object, type: Noticed['type'] = 'ADDED'): Noticed =>
  ({ type, kind, object }) as Noticed;

describe('the rollouts of this instance', () => {
  it('are concerned by what happens to them and to their ReplicaSets', () => {
    const own = ownRollouts('local', '');
    expect(own.concerned(noticed('Rollout', web()))).toEqual([key('web')]);
    expect(own.concerned(noticed('ReplicaSet', make.replicaSet()))).toEqual([key('web')]);
    const same = { ...noticed('ReplicaSet', make.replicaSet()), before: make.replicaSet() };
    expect(own.concerned({ ...same, type: 'MODIFIED' })).toEqual([]);
  });

  it('are concerned by what they refer to, as they refer to it last', () => {
    const own = ownRollouts('local', '');
    const canary = { metadata: { namespace: 'shop', name: 'canary' } };
    const naming = (canaryService?: string) =>
      make.rollout({ spec: { strategy: { canary: { canaryService } } } });
    own.concerned(noticed('Rollout', web({ name: 'plain' })));
    own.concerned(noticed('Rollout', naming('canary')));
    expect(own.concerned(noticed('Service', canary))).toEqual([key('web')]);
    const elsewhere = { metadata: { ...canary.metadata, namespace: 'bank' } };
    expect(own.concerned(noticed('Service', elsewhere))).toEqual([]);
    own.concerned(noticed('Rollout', naming(), 'MODIFIED'));
    expect(own.concerned(noticed('Service', canary))).toEqual([]);
  });

  it('are none of another instance’s, nor those that were given to one or deleted', () => {
    const own = ownRollouts('local', '');
    const set = noticed('ReplicaSet', make.replicaSet());
    expect(own.concerned(noticed('Rollout', web(isOther)))).toEqual([]);
    expect(own.concerned(set)).toEqual([]);
    own.concerned(noticed('Rollout', web(), 'MODIFIED'));
    expect(own.concerned(set)).toEqual([key('web')]);
    expect(own.concerned(noticed('Rollout', web(), 'DELETED'))).toEqual([key('web')]);
    expect(own.concerned(set)).toEqual([]);
    own.concerned(noticed('Rollout', web()));
    own.concerned(noticed('Rollout', web(isOther), 'MODIFIED'));
    expect(own.concerned(set)).toEqual([]);
  });
});

describe('the runs of this instance', () => {
  const run = (more: object = {}, status: object = { phase: 'Running' }) => {
    return { metadata: { namespace: 'shop', name: 'run', ...more }, status };
  };
  const runKey = { ...key('run'), kind: 'AnalysisRun' };

  it('are concerned by what happens to them, and so are the rollouts that own them', () => {
    const own = ownRollouts('local', '');
    expect(own.concerned(noticed('AnalysisRun', run()))).toEqual([runKey]);
    expect(own.concerned(noticed('AnalysisRun', run(isOther)))).toEqual([]);
    const [reference] = make.replicaSet().metadata?.ownerReferences ?? [];
    const owned = noticed('AnalysisRun', run({ ownerReferences: [reference] }));
    expect(own.concerned(owned)).toEqual([runKey]);
    own.concerned(noticed('Rollout', web()));
    expect(own.concerned(owned)).toEqual([runKey, key('web')]);
  });

  it('are woken at the start where they have not ended', () => {
    const found = foundAtStart(ownRollouts('local', ''));
    found.note(noticed('AnalysisRun', run()));
    const ended = { phase: 'Failed', completedAt: '2026-01-01T00:00:00Z' };
    found.note(noticed('AnalysisRun', run({ name: 'old' }, ended)));
    found.note(noticed('AnalysisRun', run({ name: 'theirs', ...isOther })));
    expect(found.keys()).toEqual([runKey]);
    expect(found.leftAlone()).toEqual([]);
  });
});

describe('what is found at the start', () => {
  it('is woken once each, those at rest after all others', () => {
    const found = foundAtStart(ownRollouts('local', ''));
    const atRest = { phase: 'Healthy', observedGeneration: '1' } as const;
    const status = (name: string, fields: Rollout['status']) =>
      found.note(noticed('Rollout', { ...web({ name }), status: fields }));
    status('resting', atRest);
    status('paused', { ...atRest, phase: 'Paused' });
    status('resting', atRest);
    status('edited', { ...atRest, observedGeneration: '0' });
    found.note(noticed('Rollout', web({ name: 'new' })));
    expect(found.keys().map(({ name }) => name)).toEqual(['paused', 'edited', 'new', 'resting']);
  });

  it('is told of where Serin leaves it alone, or another controller has written', () => {
    const found = foundAtStart(ownRollouts('local', ''));
    const fieldsV1 = { 'f:status': { 'f:phase': {}, 'f:conditions': {} } };
    const write = { manager: 'rollouts-controller', subresource: 'status', fieldsV1 };
    found.note(noticed('Rollout', web({ name: 'theirs', managedFields: [write] })));
    const managedFields = [{ ...write, manager: 'serin' }];
    const steps = [{ plugin: { name: 'acme/step' } }];
    const plugged = make.rollout({
      metadata: { managedFields },
      spec: { strategy: { canary: { steps } } },
    });
    found.note(noticed('Rollout', plugged));
    expect(found.leftAlone()).toEqual([
      { namespace: 'shop', name: 'web', field: expect.stringContaining('plugin') },
    ]);
    expect(found.drivenByOthers().map(({ metadata }) => metadata?.name)).toEqual(['theirs']);
  });
});
