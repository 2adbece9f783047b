import type { AnalysisRun, AnalysisRunSpec } from '../../model/argo.generated.ts';
import { defined } from '../../model/defined.ts';
import { typeMetaOf } from '../../model/kinds.ts';
import {
  analysisTypeLabel,
  freeName,
  hashLabel,
  instanceIdLabel,
  revisionAnnotation,
  stepIndexLabel,
} from '../../model/names.ts';
import { deepEqual } from '../../model/patch.ts';
import { nameOf, uidOf } from '../../model/workload.ts';
import type { Analysis, AnalysisType } from '../release/analyses.ts';
import { currentHash, type Release } from '../release/release.ts';
import { isEnded, runsOf } from '../release/runs.ts';
import { ownerOf } from '../replicaSets/revision.ts';
import type { Merged } from './merged.ts';

// The run of an analysis, as it is created. argo v1.10.1 rollout/analysis.go newAnalysisRunFromRollout

const suffixes: Record<AnalysisType, string> = {
  Step: '',
  Background: '',
  PrePromotion: '-pre',
  PostPromotion: '-post',
};

/** `index`: of its step. */
export function baseName(
  release: Release,
  { type, index }: Pick<Analysis, 'type' | 'index'>,
  revision: number,
): string {
  const step = index === undefined ? '' : `-${index}`;
  const { rollout } = release;
  return `${nameOf(rollout)}-${currentHash(release)}-${revision}${step}${suffixes[type]}`;
}

/** It holds what its templates say now: what becomes of them does not concern it. */
export function newRun(
  release: Release,
  analysis: Analysis,
  { merged, name, revision }: { merged: Merged; name: string; revision: number },
): AnalysisRun {
  const { rollout } = release;
  const { labels = {}, annotations = {} } = analysis.given.analysisRunMetadata ?? {};
  const instanceId = rollout.metadata?.labels?.[instanceIdLabel];
  return {
    ...typeMetaOf('AnalysisRun'),
    metadata: {
      name,
      namespace: rollout.metadata?.namespace ?? 'default',
      labels: {
        [hashLabel]: currentHash(release),
        [analysisTypeLabel]: analysis.type,
        ...(analysis.index !== undefined && { [stepIndexLabel]: String(analysis.index) }),
        ...defined({ [instanceIdLabel]: instanceId || undefined }),
        ...labels,
        ...rollout.spec?.selector?.matchLabels,
      },
      annotations: { [revisionAnnotation]: String(revision), ...annotations },
      ownerReferences: [ownerOf(rollout)],
    },
    spec: specOf(merged),
  };
}

function specOf({ metrics, args, dryRun, measurementRetention }: Merged): AnalysisRunSpec {
  return {
    metrics,
    ...(args.length > 0 && { args }),
    ...(dryRun.length > 0 && { dryRun }),
    ...(measurementRetention.length > 0 && { measurementRetention }),
  };
}

/**
 * The run that was created before the status could name it: one that goes on and measures the same; or one
 * that nobody has seen before, as whoever created it has stored that it would, but not seen it.
 */
export function begunBefore(
  release: Release,
  base: string,
  merged: Merged,
): AnalysisRun | undefined {
  const { record, rollout } = release.observed;
  const known = (record?.managed ?? []).filter(({ kind }) => kind === 'AnalysisRun');
  const isKnown = record?.progress?.uid === uidOf(rollout);
  const isUnseen = (run: AnalysisRun): boolean =>
    isKnown && !known.some(({ name }) => name === nameOf(run));
  return runsOf(release).findLast((run) => {
    if (run.spec?.terminate || !isNamed(nameOf(run), base)) return false;
    const { metrics, args, dryRun, measurementRetention } = run.spec ?? {};
    const spec = defined({ metrics, args, dryRun, measurementRetention });
    return deepEqual(spec, specOf(merged)) && (!isEnded(run) || isUnseen(run));
  });
}

function isNamed(name: string, base: string): boolean {
  return (
    name === base || (name.startsWith(`${base}.`) && /^\d+$/.test(name.slice(base.length + 1)))
  );
}

/** argo v1.10.1 utils/analysis/helpers.go CreateWithCollisionCounter */
export function freeRunName(release: Release, base: string): string {
  const { taken = [] } = release.observed.analysis ?? {};
  return freeName(base, [...runsOf(release).map(nameOf), ...taken], '.');
}
