import { expect } from 'vitest';
import type { AnalysisRun, AnalysisRunSpec, Metric } from '../../lib/model/argo.generated.ts';
import type { Key } from '../../lib/model/key.ts';
import { fromTime, type Millis, secondMs } from '../../lib/model/units.ts';
import { sweep } from '../../lib/queue/sweep.ts';
import { deliver } from '../../lib/reconcile/deliver.ts';
import { virtualClock } from '../../lib/simulate/clock.ts';
import { simulatedWorld, type WorldOptions } from '../../lib/simulate/world.ts';
import { namespace } from './manifests.ts';

/** Serin and a simulated cluster in which runs are created by hand. */
export function analysisStage(options: Partial<WorldOptions> = {}) {
  const clock = virtualClock(fromTime('2026-01-01T00:00:00Z'));
  const logged: { message: string; fields?: object | undefined }[] = [];
  const simulated = simulatedWorld({
    ...{ clock, seed: 1, log: (_level, message, fields) => logged.push({ message, fields }) },
    ...options,
  });
  const { cluster } = simulated;
  simulated.connect({
    deliver: (message, world) => deliver(world, message),
    sweep: async (world) => void (await sweep(world)),
  });
  const startedAt = clock.now();
  const pass = async (ms: Millis): Promise<void> => {
    await clock.run({ until: clock.now() + ms, eventsMax: 20_000 });
  };
  const apply = (name: string, spec: AnalysisRunSpec, metadata: object = {}): void => {
    cluster.apply('AnalysisRun', {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'AnalysisRun',
      metadata: { name, namespace, ...metadata },
      spec,
    });
  };
  const run = (name: string): AnalysisRun => cluster.read.get('AnalysisRun', namespace, name);
  return {
    ...simulated,
    ...{ clock, logged, pass, apply, run, startedAt },
    find: (name: string) => cluster.read.find('AnalysisRun', namespace, name),
    /** Lets so many seconds pass, and answers the run's phase. */
    phaseAfter: async (name: string, seconds: number) => {
      await pass(seconds * secondMs);
      return run(name).status?.phase;
    },
    stored: async (name: string) => {
      const key: Key = { cluster: 'local', kind: 'AnalysisRun', namespace, name };
      return await simulated.world.store.load<Key>(key);
    },
    patch: async (name: string, patch: object) => {
      await cluster.as('kubectl').patch({ kind: 'AnalysisRun', namespace, name }, { ...patch });
    },
    /** Nothing failed, and nobody wrote it down elsewhere. */
    expectCalm: () => expect(simulated.failures).toEqual([]),
  };
}

/** A metric of a web server of the simulated world. */
export function web(path: string, fields: Partial<Metric> = {}): Metric {
  const provider = { web: { url: `http://metrics/t/${path}` } };
  return { name: 'm', successCondition: 'result == 1', provider, ...fields };
}

export function jobMetric(command: string, fields: Partial<Metric> = {}): Metric {
  const containers = [{ name: 'c', image: 'probe', command: ['sh', '-c', command] }];
  const template = { spec: { restartPolicy: 'Never', containers } };
  return { name: 'm', provider: { job: { spec: { backoffLimit: 0, template } } }, ...fields };
}
