import { describe, expect, it } from 'vitest';
import { transitions } from '../../lib/record/ledger.ts';
import { make, start } from '../make.ts';

describe('what happened between two observations', () => {
  const paused = make.progress({
    stableRS: 'old',
    currentPodHash: 'new',
    currentStepIndex: 1,
    stepCount: 4,
    phase: 'Paused',
    pauseReason: 'CanaryPauseStep',
    pauseStart: '2026-01-31T11:59:00Z',
  });

  it('is a retry alone, where the abort before it was told and not yet dealt with', () => {
    const aborted = { ...paused, abort: true };
    const retried = {
      ...paused,
      resourceVersion: '200',
      observedAt: start + 5000,
      abort: false,
      currentStepIndex: 0,
      phase: 'Degraded',
      message: 'RolloutAborted: it was',
      pauseReason: null,
      pauseStart: null,
    };
    const kinds = transitions(aborted, retried, make.observed(), []).map(({ kind }) => kind);
    expect(kinds).toEqual(['retried']);
  });

  it.each([
    ['a later one', 1],
    ['that of its pause', 0],
  ])('is an abort and a retry in one, where it is at the first step after %s', (_step, index) => {
    const known = { ...paused, currentStepIndex: index };
    const again = {
      ...paused,
      currentStepIndex: 0,
      resourceVersion: '200',
      observedAt: start + 5000,
      phase: 'Degraded',
      message: 'RolloutAborted: it was',
      pauseReason: null,
      pauseStart: null,
      controllerPause: false,
    };
    const told = transitions(known, again, make.observed(), []);
    expect(told.map(({ kind, merged }) => [kind, merged])).toEqual([['retried', true]]);
  });

  it('is a promotion where somebody lifted the pause, and it is still at that step', () => {
    const lifted = { ...paused, resourceVersion: '200', pauseReason: null, pauseStart: null };
    const after = { ...lifted, controllerPause: true };
    const kinds = transitions(paused, after, make.observed(), []).map(({ kind }) => kind);
    expect(kinds).toEqual(['promoted']);
  });

  it('is no retry where the aborted version has become stable meanwhile', () => {
    const after = {
      ...paused,
      resourceVersion: '200',
      observedAt: start + 5000,
      stableRS: 'new',
      currentStepIndex: 4,
      phase: 'Progressing',
      pauseReason: null,
      pauseStart: null,
    };
    const aborted = { ...paused, abort: true, pauseReason: null, pauseStart: null };
    const kinds = transitions(aborted, after, make.observed(), []).map(({ kind }) => kind);
    expect(kinds).not.toContain('retried');
  });
});
