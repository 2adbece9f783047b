import { describe, expect, it } from 'vitest';
import { unmeantOf } from './differences.ts';

const scenario = 'restart-in-the-future';
const phase = { at: 1, field: 'status.phase', argo: 'Progressing', ours: 'Healthy' };
const message = { at: 1, field: 'status.message', argo: 'rollout is restarting', ours: '' };
const tree = { at: 1, field: 'get.Status:', argo: '◌ Progressing', ours: '✔ Healthy' };

describe('a difference that is listed', () => {
  it('is meant, and so is the tree that shows it', () => {
    expect(unmeantOf(scenario, [phase, message, tree])).toEqual([]);
  });

  it.each([
    { ...phase, argo: 'Degraded' },
    { ...phase, ours: 'Paused' },
    { ...phase, at: 0 },
  ])('is not meant with another value or at another wait: %o', (other) => {
    expect(unmeantOf(scenario, [other, message])).toContainEqual(other);
  });

  it('and is no longer so, is told', () => {
    expect(unmeantOf(scenario, [phase])).toEqual([
      { ...message, field: 'status.message, which is listed but not so' },
    ]);
  });

  it('and is so at times only, is not told when it is not', () => {
    const hash = 'experiments.trial.status.templateStatuses.one.podTemplateHash';
    const named = { at: 2, field: hash, argo: '<x-one>', ours: '' };
    expect(unmeantOf('experiment-alone-duration', [named])).toEqual([]);
    expect(unmeantOf('experiment-alone-duration', [])).toEqual([]);
    const other = { ...named, ours: 'abc' };
    expect(unmeantOf('experiment-alone-duration', [other])).toEqual([other]);
  });

  it('of a kind of scenario is meant in each of them, at any wait, and in no other', () => {
    const field = 'experiments.web-<r2>-2-1.status.templateStatuses.baseline.serviceName';
    const found = { at: 3, field, argo: 'web-<r2>-2-1-baseline', ours: '' };
    expect(unmeantOf('experiment-step-duration', [found])).toEqual([]);
    expect(unmeantOf('restart', [found])).toContainEqual(found);
    const below = { ...found, field: `${field}.more` };
    expect(unmeantOf('experiment-step-duration', [below])).toEqual([below]);
  });

  it('covers what is below it where one has nothing', () => {
    const scenario = 'way-back-to-the-deployment';
    const annotation = 'argo-rollouts.argoproj.io/managed-by-rollouts';
    const below = { at: 1, field: `services.active.annotations.${annotation}.x`, argo: 'y' };
    expect(unmeantOf(scenario, [{ ...below, ours: '' }])).not.toContainEqual(
      expect.objectContaining({ field: below.field }),
    );
    expect(unmeantOf(scenario, [{ ...below, ours: 'z' }])).toContainEqual({ ...below, ours: 'z' });
  });

  it('says nothing about another scenario, nor of its tree', () => {
    expect(unmeantOf('restart', [phase, tree])).toEqual([phase, tree]);
  });
});
