import type { Context } from 'aws-lambda';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { apiHandler } from '../../functions/api.ts';
import { bodyBytesMax } from '../../lib/api/body.ts';
import { jsonErrorAt } from '../../lib/api/jsonError.ts';
import { nearestName } from '../../lib/model/nearest.ts';
import { makeApi, makeEvent, path, refused, token } from './support.ts';

describe('a body that is not JSON is 400, with the place', () => {
  it.each([
    ['nope', 1, 2],
    ['{"reason": nope}', 1, 13],
    ['{"reason":\n  "x",}', 2, 7],
    ['{reason:1}', 1, 2],
    ['{"reason"', 1, 10],
    ['{}{}', 1, 3],
    ['["a" "b"]', 1, 6],
    ['{"reason":"a\tb"}', 1, 13],
  ])('%s', async (body, line, column) => {
    const { status, detail, body: told } = await refused({}, 'promote', { body });
    expect([status, told.type]).toEqual([400, '/problems/malformed-json']);
    expect(detail).toContain(`line ${line}, column ${column}`);
    expect(told).toMatchObject({ line, column });
  });

  it('the place is where nothing could follow any more', () => {
    const extra = fc.constantFrom('x', '}', ']', ',', '\u0000', '"', '-', '0', '\\');
    const rest = fc.oneof(fc.json(), fc.constantFrom('', '"', '}', ']', '":1}', '0', 'ull'));
    fc.assert(
      fc.property(fc.json(), fc.nat(), extra, rest, (json, at, letter, suffix) => {
        const cut = at % (json.length + 1);
        const text = json.slice(0, cut) + letter + json.slice(cut);
        fc.pre(!isJson(text));
        const { position } = jsonErrorAt(text);
        expect(position).toBeLessThanOrEqual(text.length);
        const isAtEnd = position === text.length;
        expect(isAtEnd || !isJson(text.slice(0, position + 1) + suffix)).toBe(true);
      }),
    );
  });

  it('and so is one that is not UTF-8', async () => {
    const api = await makeApi();
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const event = makeEvent('POST', `${path}/abort`, { headers });
    const body = Buffer.from([0x7b, 0xff, 0x7d]).toString('base64');
    const handler = apiHandler(api.deps);
    const result = await handler({ ...event, body, isBase64Encoded: true }, {} as Context);
    expect(result.statusCode).toBe(400);
    expect(JSON.parse(result.body ?? '').detail).toContain('not UTF-8');
    expect((await api.stored())?.intents).toEqual([]);
  });
});

describe('a body with wrong fields is 422, with the field and the nearest name', () => {
  it.each<[string, object | string, string, string]>([
    ['promote', { fulll: true }, 'fulll', 'is an unknown field; did you mean full?'],
    ['promote', { skipcurrentstep: true }, 'skipcurrentstep', 'did you mean skipCurrentStep?'],
    ['promote', { xyz: 1 }, 'xyz', 'known are full, skipCurrentStep, skipAllSteps, reason, expect'],
    ['promote', { expect: { revison: 1 } }, 'expect.revison', 'did you mean revision?'],
    [
      'promote',
      { expect: { revision: '1' } },
      'expect.revision',
      'must be of type number, not string',
    ],
    ['promote', { expect: { stepIndex: 1.5 } }, 'expect.stepIndex', 'must be of type int'],
    ['promote', { full: 'yes' }, 'full', 'must be of type boolean, not string'],
    ['promote', { full: true, skipAllSteps: true }, '', 'exclude each other'],
    ['promote', [], '', 'must be of type object, not array'],
    ['promote', 'null', '', 'must be of type object, not null'],
    ['abort', { full: true }, 'full', 'is an unknown field; known are reason, expect'],
    ['abort', { reason: '' }, 'reason', 'is too small'],
    ['abort', { reason: 'a\u202eb' }, 'reason', 'must not hold control or invisible characters'],
    ['restart', { at: '9999-12-31T23:59:59-01:00' }, 'at', 'between the years 1 and 9999'],
    ['restart', { at: '0001-01-01T00:00:00+01:00' }, 'at', 'between the years 1 and 9999'],
    ['abort', { reason: 'a\u001b[31m' }, 'reason', 'must not hold control or invisible characters'],
    ['restart', { at: 'tomorrow' }, 'at', 'must be an RFC 3339 time'],
    ['restart', { at: '2026-02-30T00:00:00Z' }, 'at', 'must be an RFC 3339 time'],
    ['undo', { toRevision: 0 }, 'toRevision', 'is too small'],
    ['undo', { toRevison: 3 }, 'toRevison', 'did you mean toRevision?'],
    ['image', {}, 'container', 'is missing'],
    ['image', { container: 'web' }, 'image', 'is missing'],
    ['image', { container: 'web', image: 'a b' }, 'image', 'must be an image reference'],
    ['image', { container: 'Web!', image: 'a:b' }, 'container', "must be a container's name"],
  ])('%s %o', async (verb, body, field, said) => {
    const { status, detail, body: told } = await refused({}, verb, { body });
    expect([status, told.type]).toEqual([422, '/problems/invalid']);
    expect(told.errors[0].field).toBe(field);
    expect(told.errors[0].detail).toContain(said);
    expect(detail).toContain(said);
  });

  it('names them all at once', async () => {
    const { body } = await refused({}, 'promote', { body: { fulll: 1, reason: 2 } });
    expect(body.errors).toHaveLength(2);
  });

  it('names the first 20 of thousands, and says how many more there are', async () => {
    const names = Array.from({ length: 5000 }, (_, index) => `f${index.toString(36)}`);
    const body = { ...Object.fromEntries(names.map((name) => [name, 1])), reason: 2 };
    const { status, detail, body: told } = await refused({}, 'promote', { body });
    expect(status).toBe(422);
    expect(told.errors).toHaveLength(20);
    expect(told.moreErrors).toBe(4981);
    expect(detail).toMatch(/; and 4981 more\.$/);
    expect(JSON.stringify(told).length).toBeLessThan(8000);
  });

  it('refuses a query where there is none', async () => {
    const { status, body } = await (await makeApi()).send('POST', `${path}/abort?full=true`);
    expect([status, body.errors[0].field]).toEqual([422, 'full']);
  });
});

describe('a body over the limit is 413', () => {
  const long = `{"reason":"${'x'.repeat(bodyBytesMax)}"}`;

  it.each(['fetch', 'lambda'] as const)('over %s', async (via) => {
    const { status, body } = await refused({ via }, 'abort', { body: long });
    expect([status, body.type]).toEqual([413, '/problems/too-large']);
  });

  it('by what it says of itself', async () => {
    const headers = { 'content-length': String(bodyBytesMax + 1) };
    expect((await refused({ via: 'lambda' }, 'abort', { headers, body: '{}' })).status).toBe(413);
  });

  it('while one of just that length is read', async () => {
    const body = '{}'.padEnd(bodyBytesMax);
    expect((await (await makeApi()).post('abort', { body })).status).toBe(202);
  });
});

describe('a body of another kind is 415', () => {
  it.each([
    [{ 'content-type': 'text/plain' }, /text\/plain.*application\/json/],
    [{ 'content-type': 'application/x-www-form-urlencoded' }, /application\/json/],
    [{ 'content-type': 'application/json; charset=latin1' }, /latin1/],
    [{ 'content-type': '' }, /missing/],
    [{ 'content-encoding': 'gzip' }, /gzip/],
  ])('%o', async (headers, said) => {
    const { status, detail } = await refused({}, 'abort', { body: '{}', headers });
    expect(status).toBe(415);
    expect(detail).toMatch(said);
  });

  it.each(['application/json', 'Application/JSON; charset=UTF-8'])(
    'while %s is read',
    async (type) => {
      const ask = { body: '{}', headers: { 'content-type': type } };
      expect((await (await makeApi()).post('abort', ask)).status).toBe(202);
    },
  );

  it('and none at all is an empty one', async () => {
    expect((await (await makeApi()).post('abort')).status).toBe(202);
    const { body } = await refused({}, 'image');
    expect(body.errors.map(({ field }: { field: string }) => field)).toEqual([
      'container',
      'image',
    ]);
  });
});

describe('the nearest name', () => {
  it.each([
    ['toRevison', 'toRevision'],
    ['TOREVISION', 'toRevision'],
    ['ful', 'full'],
    ['pdoHash', 'podHash'],
    ['colour', undefined],
  ])('of %s is %s', (name, nearest) => {
    expect(nearestName(name, ['toRevision', 'full', 'podHash', 'image'])).toBe(nearest);
  });

  it('of a known name is itself, and of none there is none', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (name) => nearestName(name, [name]) === name),
    );
    expect(nearestName('full', [])).toBeUndefined();
  });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
