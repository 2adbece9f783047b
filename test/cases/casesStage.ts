import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { Pod, Rollout, RolloutSpec } from '../../lib/model/argo.generated.ts';
import type { MergePatch } from '../../lib/model/plan.ts';
import { toTime } from '../../lib/model/units.ts';
import { nameOf } from '../../lib/model/workload.ts';
import { editRollout } from '../faults/acts.ts';
import { target } from '../faults/stage.ts';
import type { Release } from '../simulate/releasesStage.ts';

// What the cases share: their manifests, and what they look at.

/** The spec of the manifest beside the test. */
export function specOf(name: string): RolloutSpec {
  const text = readFileSync(new URL(`${name}.yaml`, import.meta.url), 'utf8');
  return (parse(text) as Rollout).spec ?? {};
}

export async function patchSpec(release: Release, spec: MergePatch, spanMs = 5000): Promise<void> {
  await editRollout(release, spec);
  await release.pass(spanMs);
}

/** So much later than now, as a manifest has it. */
export function later(release: Release, spanMs: number): string {
  return toTime(release.clock.now() + spanMs);
}

/** All pods that are not on their way out, by name. */
export function podsOf({ cluster }: Release): Pod[] {
  return cluster.read
    .list('Pod', target.namespace)
    .filter(({ metadata }) => metadata?.deletionTimestamp === undefined);
}

export function podNames(release: Release): string[] {
  return podsOf(release).map(nameOf).sort();
}

export function image(name: string): MergePatch {
  return { template: { spec: { containers: [{ name: 'c', image: name }] } } };
}
