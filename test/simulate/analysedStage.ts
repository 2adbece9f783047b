import type {
  AnalysisRun,
  AnalysisRunStatus,
  AnalysisTemplateSpec,
  Rollout,
  RolloutSpec,
} from '../../lib/model/argo.generated.ts';
import { createdAt, nameOf } from '../../lib/model/workload.ts';
import { addService } from '../faults/acts.ts';
import { manifest, target } from '../faults/stage.ts';
import { openRelease, type Release, type ReleaseOptions } from './releasesStage.ts';

/** A release with analyses, whose runs come to what a test says. */
export type Analysed = Release & {
  /** `2-0 Step Running` of web-HASH-2-0, or terminated; oldest first. */
  runs: () => string[];
  runNamed: (end: string) => AnalysisRun;
  /** What the controller of runs makes of the one of that name, given without the hash. */
  finish: (
    end: string,
    status: Partial<AnalysisRunStatus> | string,
    spanMs?: number,
  ) => Promise<void>;
  addTemplate: (name: string, spec?: AnalysisTemplateSpec) => void;
};

const { namespace } = target;

/** It is measured too late to tell anything by itself: what runs come to, the tests say. */
export const metric = {
  name: 'ok',
  initialDelay: '1000h',
  successCondition: 'result == "ok"',
  provider: { web: { url: 'http://metrics.example/ok', jsonPath: '{$.value}' } },
};

export async function openAnalysed(
  spec: RolloutSpec,
  templates: Record<string, AnalysisTemplateSpec> = { check: { metrics: [metric] } },
  options: ReleaseOptions = {},
): Promise<Analysed> {
  const release = await openRelease(spec, { ...options, isEmpty: true });
  const analysed = withRuns(release);
  for (const [name, each] of Object.entries(templates)) analysed.addTemplate(name, each);
  if (spec.strategy?.blueGreen) addService(release.cluster, 'active');
  const { scenario } = release;
  release.cluster.apply('Rollout', manifest(scenario) as Rollout);
  await release.pass(10_000);
  return analysed;
}

function withRuns(release: Release): Analysed {
  const { cluster } = release;
  const all = (): AnalysisRun[] =>
    [...cluster.read.list('AnalysisRun', namespace)].sort((a, b) => createdAt(a) - createdAt(b));
  const plain = (run: AnalysisRun): string => nameOf(run).replace(/^web-[a-z0-9]+-/, '');
  const runNamed = (end: string): AnalysisRun => {
    const found = all().find((run) => plain(run) === end);
    if (!found) throw new Error(`there is no run ${end}, but ${all().map(plain).join(', ')}`);
    return found;
  };
  return {
    ...release,
    runNamed,
    runs: () =>
      all().map((run) => {
        const type = run.metadata?.labels?.['rollout-type'];
        const state = run.spec?.terminate ? 'terminated' : run.status?.phase || 'Running';
        return `${plain(run)} ${type} ${state}`;
      }),
    finish: async (end, status, spanMs = 5000) => {
      const ref = { kind: 'AnalysisRun' as const, namespace, name: nameOf(runNamed(end)) };
      const given = typeof status === 'string' ? { phase: status } : status;
      await cluster.as('runs').patch(ref, { status: given });
      await release.pass(spanMs);
    },
    addTemplate: (name, spec = { metrics: [metric] }) => {
      cluster.apply('AnalysisTemplate', { metadata: { name, namespace }, spec });
    },
  };
}
