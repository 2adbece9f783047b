import { accept } from '../../lib/commands/accept.ts';
import { digestOf } from '../../lib/commands/digest.ts';
import type {
  BlueGreenStrategy,
  CanaryStep,
  CanaryStrategy,
} from '../../lib/model/argo.generated.ts';
import type { Command } from '../../lib/model/intent.ts';
import { hashLabel } from '../../lib/model/names.ts';
import type { MergePatch } from '../../lib/model/plan.ts';
import { toTime } from '../../lib/model/units.ts';
import { nameOf, podHashOf } from '../../lib/model/workload.ts';
import { reconcile } from '../../lib/reconcile.ts';
import { blankRecord } from '../../lib/record/blank.ts';
import type { SimulatedCluster } from '../../lib/simulate/cluster.ts';
import type { World } from '../../lib/world.ts';
import { pluginWrites } from '../recordings/plugin.ts';
import { duringRelease, previewAfter, rival, takenBack, undoer } from './reactions.ts';
import { routed, routerDeed } from './routerObjects.ts';
import { type Deed, isBlueGreen, type Scenario, templateOf } from './scenario.ts';
import { key, manifest, type Stage, target } from './stage.ts';
import { workloadIn, workloadName } from './workload.ts';

/** Carries out what people, CI, other controllers and accidents do to the rollout. */
export async function perform(stage: Stage, deed: Deed): Promise<void> {
  const { dog, acted } = stage;
  dog.note(`ACT ${JSON.stringify(deed)}`);
  try {
    await act(stage, deed);
    const name = 'line' in deed ? `plugin ${deed.line}` : nameOfDeed(deed);
    acted.set(name, (acted.get(name) ?? 0) + 1);
  } catch (error) {
    // People, too, find that the rollout is gone or refuses; what matters is what Serin makes of it.
    dog.note(`act failed: ${String(error)}`);
  }
}

/** What takes time, while time passes. Once something was violated no time passes any more. */
export async function meanwhile(
  stage: Stage,
  deed: Deed,
  pass: () => Promise<void>,
): Promise<void> {
  const done = perform(stage, deed);
  await pass();
  if (stage.dog.violations.length === 0) await done;
}

function nameOfDeed(deed: Deed): string {
  if (deed.do === 'api') {
    const { verb, ...flags } = deed.command;
    const [flag] = Object.keys(flags);
    return `api ${verb}${verb === 'promote' && flag !== undefined ? ` ${flag}` : ''}`;
  }
  if (deed.do === 'image' && deed.replicas !== undefined) return 'image and replicas';
  if (deed.do === 'image' && /bad|crash/.test(deed.image)) return deed.image;
  if (deed.do === 'scale' && deed.replicas === 0) return 'scale to 0';
  if (deed.do === 'service') return `service ${deed.how}`;
  if (deed.do === 'workload' || deed.do === 'router' || deed.do === 'webhook') {
    return `${deed.do} ${deed.how}`;
  }
  if (deed.do === 'break' && deed.how) return `break ${deed.how}`;
  return deed.do === 'deleteSet' ? `deleteSet ${deed.role}` : deed.do;
}

async function act(stage: Stage, deed: Deed): Promise<void> {
  const { cluster, dog, scenario } = stage;
  const edit = (spec: MergePatch) => editRollout(stage, spec);
  switch (deed.do) {
    case 'image': {
      const { replicas } = deed;
      const template = { spec: { containers: templateOf(deed.image).spec?.containers } };
      const size = replicas !== undefined && { replicas };
      if (!scenario.workload) await edit({ template, ...size });
      else {
        if (size) await edit(size);
        await editWorkload(stage, { template });
      }
      return;
    }
    case 'scale':
      cluster.scale(target.namespace, target.name, deed.replicas);
      return;
    case 'plugin':
      return plugin(stage, deed.line);
    case 'api':
      return api(stage, deed);
    case 'takenBack':
      await duringRelease(stage, () =>
        takenBack(stage, deed.verb, {
          ask: () => api(stage, { command: { verb: deed.verb }, dies: false, fresh: true }),
          edit,
        }),
      );
      return;
    case 'previewAfter':
      return previewAfter(stage, deed.replicas, edit);
    case 'steps':
      await edit({ strategy: { canary: { steps: deed.steps } } });
      return;
    case 'limits': {
      const { maxSurge, maxUnavailable } = deed;
      await edit({ strategy: { canary: { maxSurge, maxUnavailable } } });
      return;
    }
    case 'workload':
      return workload(stage, deed.how, deed.replicas);
    case 'minReady':
      await edit({ minReadySeconds: deed.seconds });
      return;
    case 'planRestart':
      await edit({ restartAt: toTime(stage.clock.now() + deed.inMs) });
      return;
    case 'blueGreen':
      await edit({ strategy: { blueGreen: deed.fields } });
      return;
    case 'service':
      return service(stage, deed.name, deed.how);
    case 'router':
    case 'webhook':
    case 'unroute':
    case 'reroute':
      return routerDeed(stage, deed, edit);
    case 'break':
      await edit(broken(scenario, deed.how));
      return;
    case 'mend':
      await edit(mended(scenario));
      return;
    case 'wipe':
      if (dog.live()?.status === undefined) throw new Error('there is no status');
      await cluster
        .as('kubectl')
        .patch({ kind: 'Rollout', ...target }, { status: null }, { subresource: 'status' });
      return;
    case 'deleteSet':
      return deleteSet(stage, deed.role);
    case 'deletePod': {
      const [pod] = cluster.read.list('Pod', target.namespace);
      if (pod) cluster.deleteObject('Pod', target.namespace, nameOf(pod));
      return;
    }
    case 'recreate':
      cluster.deleteObject('Rollout', target.namespace, target.name);
      cluster.apply('Rollout', manifest(scenario));
      return;
    case 'rival':
      return rival(stage, deed.writes);
    case 'undoer':
      return undoer(stage, deed.writes);
    case 'away':
      return stage.faults.away(deed.spanMs);
    case 'together': {
      const turns = Array.from({ length: deed.count }, () =>
        stage.run((world) => reconcile(world, key)),
      );
      await Promise.allSettled(turns);
    }
  }
}

/** A merge patch of `spec.strategy`. */
export type Strategy = {
  canary?: Omit<CanaryStrategy, 'steps' | 'canaryService'> & {
    steps?: CanaryStep[] | null;
    canaryService?: string | null;
  };
  blueGreen?: { [field in keyof BlueGreenStrategy]?: BlueGreenStrategy[field] | null };
};

function broken(scenario: Scenario, how: 'service' | 'history' | undefined): MergePatch {
  if (how === 'history') return { revisionHistoryLimit: -1 };
  const isService = how === 'service';
  const name = 'nowhere';
  const strategy = isBlueGreen(scenario)
    ? { blueGreen: isService ? { previewService: name } : { activeService: name } }
    : { canary: isService ? { canaryService: name } : { steps: [{ setWeight: 101 }] } };
  return { strategy };
}

/** What may be broken as it was at first, whatever was edited since. */
export function mended(scenario: Scenario): {
  strategy: Strategy;
  revisionHistoryLimit: number | null;
} {
  const { spec } = scenario;
  const { revisionHistoryLimit = null, strategy: { canary, blueGreen } = {} } = spec;
  const strategy = blueGreen
    ? { blueGreen: { ...unset, ...blueGreen } }
    : { canary: { steps: null, canaryService: null, ...canary, ...routed(scenario) } };
  return { strategy, revisionHistoryLimit };
}

const unset = {
  previewService: null,
  autoPromotionEnabled: null,
  autoPromotionSeconds: null,
  previewReplicaCount: null,
  scaleDownDelaySeconds: null,
  scaleDownDelayRevisionLimit: null,
  abortScaleDownDelaySeconds: null,
  maxUnavailable: null,
};

export const serviceNames = ['active', 'preview'] as const;

async function service(
  { cluster }: Stage,
  name: (typeof serviceNames)[number],
  how: 'delete' | 'restore' | 'unselect',
): Promise<void> {
  const { namespace } = target;
  if (how === 'delete') cluster.deleteObject('Service', namespace, name);
  else if (how === 'restore') addService(cluster, name);
  else {
    const patch = { spec: { selector: { [hashLabel]: null } } };
    await cluster.as('kubectl').patch({ kind: 'Service', namespace, name }, patch);
  }
}

/** A Service for the pods of the rollout, unless it is there. */
export function addService({ apply, read }: SimulatedCluster, name: string): void {
  if (read.find('Service', target.namespace, name)) return;
  apply('Service', {
    metadata: { name, namespace: target.namespace },
    spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
  });
}

/** The Deployment the rollout refers to, unless it is there. */
export function addWorkload(stage: Stage, image: string, replicas?: number): void {
  const { cluster, dog, scenario } = stage;
  if (!scenario.workload || workloadIn(dog)) return;
  const { metadata = {} } = scenario.spec.template ?? {};
  cluster.apply('Deployment', {
    metadata: { name: workloadName, namespace: target.namespace },
    spec: {
      replicas: replicas ?? scenario.workload.replicas,
      selector: { matchLabels: { app: 'web' } },
      template: { ...templateOf(image), metadata },
    },
  });
}

/** As `kubectl edit` does it. */
export async function editRollout({ cluster }: Stage, spec: MergePatch): Promise<void> {
  await cluster.as('kubectl-edit').patch({ kind: 'Rollout', ...target }, { spec });
}

export async function editWorkload({ cluster }: Stage, spec: MergePatch): Promise<void> {
  const place = { namespace: target.namespace, name: workloadName };
  await cluster.as('kubectl-edit').patch({ kind: 'Deployment', ...place }, { spec });
}

async function workload(
  stage: Stage,
  how: 'scale' | 'delete' | 'restore',
  replicas: number,
): Promise<void> {
  if (how === 'scale') await editWorkload(stage, { replicas });
  else if (how === 'restore') addWorkload(stage, 'web:v1', replicas);
  else stage.cluster.deleteObject('Deployment', target.namespace, workloadName);
}

/** As the plugin does it: without a resourceVersion, from what it has just read. */
async function plugin(stage: Stage, line: string): Promise<void> {
  const rollout = stage.dog.live();
  if (rollout === undefined) throw new Error('there is no rollout');
  if (line === 'undo' && stage.scenario.workload) throw new Error('its template is elsewhere');
  const seen = { rollout, replicaSets: stage.dog.sets(), now: stage.clock.now() };
  for (const { patch, subresource } of pluginWrites(line, seen)) {
    const options = subresource === undefined ? {} : { subresource };
    await stage.cluster
      .as('kubectl-argo-rollouts')
      .patch({ kind: 'Rollout', ...target }, patch, options);
  }
}

let given = 0;

/** As lib/api stores a command: accepted by what its author has seen, due at once, then carried out. */
async function api(stage: Stage, { command, dies, fresh }: ApiDeed): Promise<void> {
  await stage.run(async (world) => {
    const seen = fresh ? (await world.invoke({ key, look: true })).view : undefined;
    const record = (await world.store.load(key)) ?? blankRecord(key);
    given += 1;
    const decision = accept({
      ...{ command, record, fresh: seen, now: world.clock.now(), id: `c${given}` },
      actor: { name: given % 2 === 0 ? 'ana' : 'ben', proof: 'verified' },
      reason: 'because',
      digest: digestOf({ command }),
    });
    if (!('accept' in decision)) throw new Error(`refused: ${JSON.stringify(decision)}`);
    const { accept: intent } = decision;
    const intents = [...record.intents, intent];
    const dueAt = Math.min(record.dueAt ?? intent.acceptedAt, intent.acceptedAt);
    await world.store.save({ ...record, intents, dueAt, dueFor: `command ${command.verb}` });
    if (!dies) await carryOut(world);
  });
}

type ApiDeed = { command: Command; dies: boolean; fresh: boolean };

async function carryOut(world: World): Promise<void> {
  try {
    await world.invoke({ key });
  } catch {
    await world.wakes.send({ key }, 0);
  }
}

/** Numbers of commands begin anew, so that a seed tells the same again. */
export function resetCommands(): void {
  given = 0;
}

function deleteSet({ cluster, dog }: Stage, role: 'stable' | 'canary' | 'older'): void {
  const { status = {} } = dog.live() ?? {};
  const { stableRS, currentPodHash } = status;
  const isMeant = (hash: string): boolean => {
    if (role === 'stable') return hash === stableRS && hash !== currentPodHash;
    if (role === 'canary') return hash === currentPodHash && hash !== stableRS;
    return hash !== stableRS && hash !== currentPodHash;
  };
  const set = dog.sets().find((each) => isMeant(podHashOf(each)));
  if (set === undefined) throw new Error(`there is no ${role} ReplicaSet`);
  cluster.deleteObject('ReplicaSet', target.namespace, nameOf(set));
}
