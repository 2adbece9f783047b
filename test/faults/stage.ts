import type { Context as LambdaContext, SQSEvent } from 'aws-lambda';
import { reconcileHandler } from '../../functions/reconcile.ts';
import { sweepHandler } from '../../functions/sweep.ts';
import { Conflict, NotFound, Transient, Unreachable } from '../../lib/errors.ts';
import type { Rollout } from '../../lib/model/argo.generated.ts';
import { fromTime, type Millis, minuteMs, secondMs } from '../../lib/model/units.ts';
import { type VirtualClock, virtualClock } from '../../lib/simulate/clock.ts';
import type { SimulatedCluster } from '../../lib/simulate/cluster.ts';
import { type Faults, faultyWorld, Killed } from '../../lib/simulate/faults/faults.ts';
import { type SimulatedWorld, simulatedWorld } from '../../lib/simulate/world.ts';
import { memoryStore } from '../../lib/store/embedded.ts';
import { type Clock, type FunctionAnswer, foundIn, type World } from '../../lib/world.ts';
import { withIndexLag } from './indexLag.ts';
import type { Scenario } from './scenario.ts';
import { type Watchdog, watchdog } from './watchdog.ts';
import { workloadName } from './workload.ts';

/** The simulated world with Serin's real handlers in it, faults in between, and the watchdog on all. */
export type Stage = {
  scenario: Scenario;
  clock: VirtualClock;
  simulated: SimulatedWorld;
  cluster: SimulatedCluster;
  faults: Faults;
  dog: Watchdog;
  /** Runs a task as a process of its own. */
  run: <T>(task: (world: World) => Promise<T>) => Promise<T>;
  processes: { running: number; killed: number };
  /** How often which act did something. */
  acted: Map<string, number>;
  /** Since when nothing goes wrong any more. */
  calmAt?: Millis;
};

export const key = { cluster: 'local', namespace: 'shop', name: 'web' };
export const target = { namespace: key.namespace, name: key.name };
/** How long each function may take: serverless.yml. */
const limitsMs = { reconcile: 28 * secondMs, sweep: 50 * secondMs };

export function openStage(scenario: Scenario, instanceId = ''): Stage {
  // Not on a whole second, as in reality.
  const clock = virtualClock(fromTime('2026-01-01T00:00:00Z') + 370);
  const { seed, indexLagMs, doorbell, pods, rates, loadBalancers } = scenario;
  const store = withIndexLag(memoryStore(clock), clock, indexLagMs);
  const simulated = simulatedWorld({
    ...{ clock, seed, store, instanceId },
    clusters: { local: { doorbell, ...pods, ...(loadBalancers && { loadBalancers }) } },
  });
  const { cluster } = simulated;
  const dog = watchdog(clock, key, cluster);
  const logged = withLog(dog, simulated.world);
  const faults = faultyWorld(dog.below(logged), {
    ...{ seed, rates },
    rival: () => cluster.as('rollouts-controller'),
  });
  const processes = { running: 0, killed: 0 };
  const run: Stage['run'] = async (task) => {
    processes.running += 1;
    try {
      return await faults.process((world) => task(dog.above(world)));
    } catch (error) {
      if (error instanceof Killed) processes.killed += 1;
      throw error;
    } finally {
      processes.running -= 1;
    }
  };
  const stage: Stage = {
    ...{ scenario, clock, simulated, cluster, faults, dog, run, processes },
    acted: new Map(),
  };
  connect(stage);
  return stage;
}

/**
 * What is left of a function's time, by the simulation's clock. middy, which asks apart from the context,
 * sets a timer of the machine's by the answer: on one that is busy a function would end before its time.
 */
function contextUntil(endsAt: Millis, clock: Clock): LambdaContext {
  return {
    getRemainingTimeInMillis(this: unknown) {
      return this === undefined ? dayMs : endsAt - clock.now();
    },
  } as LambdaContext;
}

const dayMs = 24 * 60 * minuteMs;

function connect({ simulated, faults, run, clock, dog }: Stage): void {
  /** Runs a function as Lambda does, and sees that it ends before it is stopped. */
  const invoke = async <T>(
    name: keyof typeof limitsMs,
    handle: (world: World, context: LambdaContext) => Promise<T>,
  ): Promise<T> => {
    const endsAt = clock.now() + limitsMs[name];
    const context = contextUntil(endsAt, clock);
    try {
      return await run((world) => handle(world, context));
    } finally {
      const lateMs = clock.now() - endsAt;
      if (lateMs > 0) dog.fail('a function ends in time', `${name} is ${lateMs} ms over its time`);
    }
  };
  simulated.connect({
    deliver: async (message) => {
      const event = { Records: [{ messageId: '1', body: JSON.stringify(message) }] };
      const answer = await invoke('reconcile', (world, context) =>
        reconcileHandler(world)(event as SQSEvent, context),
      );
      if ('batchItemFailures' in answer && answer.batchItemFailures.length > 0) {
        throw new Transient('the message was not dealt with');
      }
    },
    invoke: async (request) => {
      try {
        const answer = await invoke('reconcile', (world, context) =>
          reconcileHandler(world)(request, context),
        );
        return foundIn(answer as FunctionAnswer);
      } catch (error) {
        // A function that ends without an answer.
        if (error instanceof Killed) throw new Transient(error.message);
        throw error;
      }
    },
    sweep: async () => {
      await invoke('sweep', (world, context) => sweepHandler(world)({}, context));
    },
    wakes: faults.wakes,
  });
}

const known = [Conflict, NotFound, Transient, Unreachable].map(({ name }) => name);

/** An error that is none of the passing kinds is a bug, wherever it is swallowed. */
function withLog(dog: Watchdog, world: World): World {
  return {
    ...world,
    log: (level, message, fields) => {
      const { error } = (fields ?? {}) as { error?: unknown };
      if (level === 'debug' || level === 'info') return;
      dog.note(`${level}: ${message} ${error === undefined ? '' : String(error)}`);
      const kind = String(error).split(':')[0] ?? '';
      if (error !== undefined && !known.includes(kind)) {
        dog.fail('errors are of a known kind', `${message}: ${String(error)}`);
      }
    },
  };
}

export function manifest(scenario: Scenario): Rollout {
  const { workload } = scenario;
  const { template, ...rest } = scenario.spec;
  const name = workloadName;
  const workloadRef = { apiVersion: 'apps/v1', kind: 'Deployment', name };
  const spec = workload
    ? { ...rest, workloadRef: { ...workloadRef, scaleDown: workload.scaleDown } }
    : scenario.spec;
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { ...target, labels: { team: 'shop' } },
    spec,
  };
}
