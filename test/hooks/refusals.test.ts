import { describe, expect, it } from 'vitest';
import { Transient } from '../../lib/errors.ts';
import { openIntentsMax } from '../../lib/model/intent.ts';
import type { RolloutRecord } from '../../lib/model/record.ts';
import { key, makeIntent, start } from '../api/support.ts';
import { generic } from './payloads.ts';
import { makeHook, makeHooks, makeRule, setsImage, signed } from './support.ts';

type Hooks = Awaited<ReturnType<typeof makeHooks>>;

function hookThat(action: object) {
  return [makeHook('hmac', [makeRule('hmac', {}, action)])];
}

async function change({ memory }: Hooks, over: Partial<RolloutRecord>): Promise<void> {
  const record = await memory.load(key);
  if (record !== undefined) await memory.save({ ...record, ...over });
}

const conflictingController = {
  manager: 'rollouts-controller',
  seenAt: start,
  times: 1,
  wroteAt: start,
};
const expected = { expect: { image: 'registry.example/front-api:{revision}' } };

describe('a command of a webhook', () => {
  it.each<[string, object, (hooks: Hooks) => Promise<void>, RegExp]>([
    [
      'where another version is released',
      { action: 'abort', ...expected },
      async () => {},
      /^abort of prod\/shop\/front-api: Nothing was done: image .* was expected and is .* Look at/,
    ],
    [
      'that makes no sense',
      { action: 'retry' },
      async () => {},
      /^retry of .*: Nothing was done\. As of .*, the release is not aborted/,
    ],
    [
      'beside another controller',
      setsImage,
      (hooks) => change(hooks, { conflictingController }),
      /^image of .*: Nothing was done: rollouts-controller writes to .* To go on: stop/,
    ],
    [
      'for no rollout',
      setsImage,
      ({ memory }) => memory.forget(key, 1),
      /^image of .*: There is no rollout front-api .*does not serve it\. Check the three names\.$/,
    ],
  ])('%s is refused, and to repeat it would not help', async (_, action, before, says) => {
    const hooks = await makeHooks(hookThat(action));
    await before(hooks);
    for (const repeated of [undefined, true]) {
      const { status, body } = await hooks.send(signed('hmac', generic()));
      expect([status, body.repeated]).toEqual([200, repeated]);
      expect(body.rules).toEqual([
        { rule: 1, result: 'refused', says: expect.stringMatching(says) },
      ]);
    }
    expect(hooks.done).toEqual([]);
  });

  it('behind too many others is to be delivered again, and is done then', async () => {
    const hooks = await makeHooks(hookThat(setsImage));
    const many = Array.from({ length: openIntentsMax }, (_, n) => makeIntent({ id: `open-${n}` }));
    await change(hooks, { intents: many });
    const early = await hooks.send(signed('hmac', generic()));
    expect([early.status, early.headers.get('retry-after')]).toEqual([503, '2']);
    expect(early.body.rules).toMatchObject([{ rule: 1, result: 'later' }]);
    expect(early.body.rules[0].says).toMatch(/: 10 commands .* Repeat yours when some/);
    await change(hooks, { intents: [] });
    const again = await hooks.send(signed('hmac', generic()));
    expect(again.body.rules).toMatchObject([{ rule: 1, result: 'done' }]);
    expect(hooks.done).toEqual(['image']);
  });

  it('without the record of its rollout is to be delivered again, and kubectl does the same', async () => {
    const store = () => ({ load: () => Promise.reject(new Transient('a throttle')) });
    const hooks = await makeHooks(hookThat(setsImage), { store });
    const { status, body } = await hooks.send(signed('hmac', generic()));
    expect([status, body.rules[0].result]).toEqual([503, 'later']);
    expect(body.rules[0].says).toMatch(
      /Nothing was done\. This does the same .*: kubectl argo rollouts set image front-api -n shop /,
    );
  });
});
