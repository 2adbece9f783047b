import { expect, it } from 'vitest';
import type { RolloutSpec } from '../../lib/model/argo.generated.ts';
import { openRelease } from './releasesStage.ts';

// The numbers of a chart of weights, in the entries of the ledger that tell of a change of them.

const steps = [{ setWeight: 25 }, { pause: { duration: '30s' } }, { setWeight: 50 }, { pause: {} }];
const canary: RolloutSpec = { strategy: { canary: { maxSurge: 1, maxUnavailable: 0, steps } } };

it('the ledger has the weights of a canary where they change', async () => {
  const release = await openRelease(canary);
  await release.image('web:v2', 60_000);
  await release.command({ verb: 'abort' }, 30_000);
  const told = (await release.ledger()).filter(({ revision }) => revision === 2);
  const weights = told.flatMap(({ kind, weights: its }) =>
    its ? [`${kind} ${its.setWeight} ${its.actualWeight}`] : [],
  );
  expect(weights).toEqual([
    'revision 25 0',
    'step 25 25',
    'step 50 25',
    'step 50 50',
    'aborted 0 50',
  ]);
  expect(told.filter(({ kind }) => kind === 'command').map(({ weights: its }) => its)).toEqual([
    undefined,
  ]);
});
