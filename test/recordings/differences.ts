import type { Difference } from './compare.ts';

/** A difference that is meant: where, what Serin has instead, and what says why. */
export type Intended = Omit<Difference, 'argo'> & { scenario: string; why: string };

const wording = 'README of the recordings: condition messages are wording, not contract';
const tooHeavy =
  'InvalidSpec: The Rollout "web" is invalid: ' +
  'spec.strategy.canary.steps[0].setWeight must be between 0 and 100, not 101';

// k8s.io/kubernetes v1.36.3 pkg/kubelet/status/generate.go: a gate holds back the pod's Ready, not
// that of its containers, which READY counts. The kwok of the recordings held back both.
const gates = 'the recordings ran on kwok, which marks containers behind a readiness gate unready';
const ready = (set: string): string =>
  `·□ web-<${set}>-<pod> | Pod | ✔ Running | <age> | ready:1/1`;

// Argo writes revision 1 again with each annotation it hands down, and notes that as one more turn of it.
const again = {
  scenario: 'workload-progressively',
  field: 'replicaSets.r1.annotations.rollout.argoproj.io/revision-history',
  ours: '',
  why: 'revision 1 was there once only; the history is of revisions a ReplicaSet had before',
};

export const intended: Intended[] = [
  { ...again, at: 0 },
  { ...again, at: 1 },
  { ...again, at: 2 },
  {
    scenario: 'invalid-then-fixed-weight',
    at: 0,
    field: 'status.message',
    ours: tooHeavy,
    why: wording,
  },
  {
    scenario: 'invalid-then-fixed-weight',
    at: 0,
    field: 'get.Message:',
    ours: tooHeavy,
    why: wording,
  },
  { scenario: 'abort-first-deploy', at: 0, field: 'get.row 4', ours: ready('r1'), why: gates },
  { scenario: 'abort-first-deploy', at: 0, field: 'get.row 5', ours: ready('r1'), why: gates },
  { scenario: 'abort-first-deploy', at: 1, field: 'get.row 4', ours: ready('r1'), why: gates },
  { scenario: 'abort-first-deploy', at: 1, field: 'get.row 5', ours: ready('r1'), why: gates },
  { scenario: 'held-half', at: 1, field: 'get.row 4', ours: ready('r2'), why: gates },
  { scenario: 'held-half', at: 1, field: 'get.row 5', ours: ready('r2'), why: gates },
  { scenario: 'held-half', at: 2, field: 'get.row 4', ours: ready('r2'), why: gates },
];
