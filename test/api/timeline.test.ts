import { expect, it } from 'vitest';
import { answers } from '../../lib/api/answerSchemas.ts';
import type { LedgerEntry, LedgerKind } from '../../lib/model/record.ts';
import { key, makeApi, path } from './support.ts';

const timeline = `${path}/timeline`;

function entry(at: number, over: Partial<LedgerEntry> & { kind: LedgerKind }): LedgerEntry {
  return {
    ...{ uid: 'uid-1', resourceVersion: String(at), at, revision: 2, text: `at ${at}` },
    actor: { name: 'ada', proof: 'verified' },
    ...over,
  };
}

const weights = (setWeight: number, actualWeight: number) => ({
  weights: { setWeight, actualWeight },
});

async function told(entries: LedgerEntry[]) {
  const api = await makeApi();
  for (const each of entries) await api.memory.append(key, each);
  return api;
}

const two = [
  entry(1, { kind: 'revision', revision: 1, ...weights(0, 0) }),
  entry(2, { kind: 'completed', revision: 1, ...weights(100, 100) }),
  entry(3, { kind: 'revision', ...weights(0, 0) }),
  entry(4, { kind: 'paused' }),
  entry(5, { kind: 'step', ...weights(20, 20) }),
];

it('the timeline is the weights of the newest release, oldest first', async () => {
  const { status, body } = await (await told(two)).get(timeline);
  expect([status, body]).toEqual([
    200,
    {
      revision: 2,
      points: [
        { at: 3, setWeight: 0, actualWeight: 0, kind: 'revision', text: 'at 3' },
        { at: 5, setWeight: 20, actualWeight: 20, kind: 'step', text: 'at 5' },
      ],
    },
  ]);
  expect(answers.timeline.parse(body)).toEqual(body);
});

it('or of an earlier one, however long ago', async () => {
  const many = Array.from({ length: 250 }, (_, at) =>
    entry(10 + at, { kind: 'scaled', revision: 3 }),
  );
  const { body } = await (await told([...two, ...many])).get(`${timeline}?revision=1`);
  expect(body.points.map(({ at }: { at: number }) => at)).toEqual([1, 2]);
});

it('is empty where nothing was told, and 404 for a rollout that is nowhere', async () => {
  expect((await (await makeApi()).get(timeline)).body).toEqual({ revision: 0, points: [] });
  expect((await (await makeApi({ record: null })).get(timeline)).status).toBe(404);
  const { status, body } = await (await makeApi()).get(`${timeline}?revision=x`);
  expect([status, body.detail]).toEqual([422, expect.stringContaining('must be a whole number')]);
});
