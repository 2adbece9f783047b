import { describe, expect, it } from 'vitest';
import { hookList, hookSettings, storedHooks } from '../../lib/hooks/settings.ts';
import { settingsKey } from '../../lib/model/documents.ts';
import { memoryStore } from '../../lib/store/embedded.ts';
import { imageRule, makeHook, makeRule, setsImage } from './support.ts';

const hook = (over: object = {}) => ({
  id: 'shop',
  kind: 'github',
  secrets: [{ ssm: '/serin/hooks/shop' }],
  rules: [imageRule('github')],
  ...over,
});
const withRule = (when: object, action: object, kind = 'github') =>
  hook({ kind, rules: [makeRule('github', when, action)] });

describe('the settings of a hook', () => {
  it.each([
    ['kind', hook({ kind: 'gitlab' }), 'must be circleci, github or hmac'],
    ['id', hook({ id: 'Shop/1' }), 'must be 1 to 63 of a-z, 0-9 and -'],
    ['secrets', hook({ secrets: [] }), 'name at least one'],
    ['secrets', hook({ secrets: [{ ssm: '/a' }, { ssm: '/b' }, { ssm: '/c' }] }), 'more than two'],
    ['secrets.0.ssm', hook({ secrets: [{ ssm: 'shop' }] }), 'write it like /serin/hooks/shop'],
    ['rules', hook({ rules: [] }), 'a hook without rules does nothing'],
    ['rules.0.when', withRule({ tag: 'v*', branch: 'main' }, setsImage), 'a branch or a tag'],
    ['rules.0.when.status', withRule({ status: 'ok' }, setsImage), 'success, failed or canceled'],
    ['rules.0.when.job', withRule({ job: 'x' }, setsImage), 'known of circleci only'],
    ['rules.0.do.action', withRule({}, { action: 'undo' }), 'must be one of image, promote'],
    ['rules.0.do.action', withRule({ status: 'failed' }, setsImage), 'only abort and pause'],
    ['rules.0.do.namespace', withRule({}, { ...setsImage, namespace: 'A' }), 'serin list'],
    [
      'rules.0.do.image',
      withRule({}, { ...setsImage, image: 'a b:{revision}' }),
      'not an image reference',
    ],
    ['rules.0.do.image', withRule({}, { ...setsImage, image: 'a:latest' }), 'same for every run'],
    ['rules.0.do.image', withRule({}, { ...setsImage, image: 'a:{revison}' }), 'write {revision}'],
    ['rules.0.do.image', withRule({}, { ...setsImage, image: 'a:{sha}' }), 'use one of revision,'],
    ['rules.0.do.expect', withRule({}, { action: 'promote' }), 'must name what the run means'],
    [
      'rules.0.do.expect',
      withRule({}, { action: 'promote', expect: { image: 'front-api:1' } }),
      'must name what the run means',
    ],
    [
      'rules.0.do.expect',
      withRule({ status: 'failed' }, { action: 'abort', expect: {} }),
      'expects nothing',
    ],
    [
      'rules.0.do.expect.podHash',
      withRule({}, { action: 'promote', expect: { podHash: '{podHash}' } }),
      'unknown placeholder',
    ],
  ])('%s: %j', (path, settings, words) => {
    const { error } = hookSettings.safeParse(settings);
    const found = error?.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`) ?? [];
    expect(found).toEqual([expect.stringContaining(words)]);
    expect(found[0]).toMatch(new RegExp(`^${path}: `));
  });

  it('two hooks of one id', () => {
    const { error } = hookList.safeParse([hook(), hook()]);
    expect(error?.issues).toMatchObject([
      { path: [1, 'id'], message: expect.stringMatching(/give each its own/) },
    ]);
  });

  it('a sender of its own may give any value', () => {
    const action = { action: 'promote', expect: { podHash: '{podHash}' } };
    expect(makeHook('hmac', [makeRule('hmac', {}, action)]).rules).toHaveLength(1);
  });
});

describe('the hooks in the table', () => {
  const clock = { now: () => 1_000_000, sleepUntil: async () => {} };
  const put = async (hooks: string) => {
    const { documents } = memoryStore(clock);
    const body = { text: 'hooks: []', hooks, appliedAt: 0, appliedBy: 'ada' };
    await documents.put({ ...settingsKey, version: 0, body });
    return storedHooks({ documents, clock });
  };

  it('are none before there are settings', async () => {
    const { documents } = memoryStore(clock);
    expect(await storedHooks({ documents, clock })()).toEqual([]);
  });

  it('are those that were applied', async () => {
    expect(await (await put(JSON.stringify([hook()])))()).toMatchObject([{ id: 'shop' }]);
  });

  it('that are not understood are said to be', async () => {
    const said = /hooks\.0\.kind must be circleci/;
    await expect((await put('[{"id":"shop"}]'))()).rejects.toThrow(said);
  });
});
