import { randomFrom } from '../../lib/simulate/random.ts';
import { isBlueGreen } from './scenario.ts';
import { type Stage, target } from './stage.ts';

// What seldom happens to a rollout is tried at the end of a run, when it is healthy and nothing goes wrong:
// it has to become healthy again, by itself.

/** `heals` passes the time it takes; false when the run has failed meanwhile. */
export type Epilogue = (stage: Stage, heals: () => Promise<boolean>) => Promise<void>;

export function epilogueOf({ scenario }: Stage): Epilogue | undefined {
  // Of its own, so that everything before it happens as it did without.
  const random = randomFrom(scenario.seed).fork('epilogue');
  return random.chance(0.5) ? random.pick(epilogues) : undefined;
}

const otherStrategy: Epilogue = async ({ cluster, dog, scenario }, heals) => {
  const wasBlueGreen = isBlueGreen(scenario);
  const strategy = wasBlueGreen
    ? { blueGreen: null, canary: { steps: [{ setWeight: 50 }] } }
    : { canary: null, blueGreen: { activeService: 'active', previewService: 'preview' } };
  dog.note('EPILOGUE another strategy');
  await cluster.as('kubectl-edit').patch('Rollout', target, { spec: { strategy } });
  if (!(await heals())) return;
  const { blueGreen, canary, currentStepIndex, currentStepHash } = dog.live()?.status ?? {};
  const left = wasBlueGreen ? { blueGreen } : { canary, currentStepIndex, currentStepHash };
  const fields = Object.entries(left).filter(([, value]) => value !== undefined);
  if (fields.length > 0) {
    dog.fail('another strategy', `left of the one before: ${JSON.stringify(fields)}`);
  }
};

const epilogues: readonly [Epilogue, ...Epilogue[]] = [otherStrategy];
