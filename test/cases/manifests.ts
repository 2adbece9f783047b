import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import type { Rollout, RolloutSpec, Service } from '../../lib/model/argo.generated.ts';
import { manifest, target } from '../faults/stage.ts';
import { openRelease, type Release } from '../simulate/releasesStage.ts';
import { image, patchSpec } from './casesStage.ts';

/** The rollout and the Services of a case's manifest. */
export function readCase(name: string): { spec: RolloutSpec; services: Service[] } {
  const text = readFileSync(`test/cases/${name}.yaml`, 'utf8');
  const objects = parseAllDocuments(text).map((each) => each.toJS() as Rollout | Service);
  const rollout = objects.find(({ kind }) => kind === 'Rollout') as Rollout;
  const services = objects.filter(({ kind }) => kind === 'Service') as Service[];
  return { spec: rollout.spec ?? {}, services };
}

/** The case's objects on a simulated cluster, after what follows from them. */
export async function openCase(name: string): Promise<Release> {
  const { spec, services } = readCase(name);
  const release = await openRelease(spec, { isEmpty: true });
  for (const service of services) {
    const metadata = { ...service.metadata, namespace: target.namespace };
    release.cluster.apply('Service', { ...service, metadata });
  }
  release.cluster.apply('Rollout', manifest(release.scenario));
  await release.pass(10_000);
  return release;
}

/** Sets the image of the only container, which is called c. */
export async function setImage(release: Release, name: string, spanMs = 10_000): Promise<void> {
  await patchSpec(release, image(name), spanMs);
}
