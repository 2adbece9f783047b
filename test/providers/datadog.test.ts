import { describe, expect, it } from 'vitest';
import { at, measure, posted, providerOf, service } from './stage.ts';

// What Datadog is asked, byte by byte, and what becomes of its answers.

describe('datadog', () => {
  const keys = { 'api-key': 'API', 'app-key': 'APP' };
  const scene = (url: string, name = 'argo-rollouts/datadog') => ({
    secrets: { [name]: { ...keys, address: url } },
  });

  it('of version 1 asks for a time series, and takes its last point', async () => {
    const { url, port, came } = await service({
      body: '{"series":[{"pointlist":[[1,0.5],[2,1e21]]}]}',
    });
    const query = 'avg:x{env:a b} & <c>';
    const measured = await measure(
      { datadog: { query, apiVersion: 'v1', interval: '5m' } },
      scene(url),
    );
    expect(measured).toEqual({ value: '1000000000000000000000', result: 1e21 });
    const form = 'from=1769860500&query=avg%3Ax%7Benv%3Aa+b%7D+%26+%3Cc%3E&to=1769860800';
    expect(came).toEqual([
      {
        line: `GET /api/v1/query?${form}`,
        headers: {
          ...at(port),
          'Content-Type': 'application/json',
          'DD-API-KEY': 'API',
          'DD-APPLICATION-KEY': 'APP',
        },
        body: '',
      },
    ]);
  });

  it('of version 2 asks for a scalar, of one query or of several by a formula', async () => {
    const { url, port, came } = await service({
      body: '{"data":{"attributes":{"columns":[{"values":[0.25]}]}}}',
    });
    const both = { queries: { b: 'q2<', a: 'q1' }, formula: 'a/b', aggregator: 'sum' };
    const measured = await measure({ datadog: { apiVersion: 'v2', ...both } }, scene(url));
    expect(measured).toEqual({ value: '0.25', result: 0.25 });
    await measure({ datadog: { apiVersion: 'v2', query: 'q', interval: '1m' } }, scene(url));
    const [first, second] = came;
    const body =
      '{"data":{"attributes":{"from":1769860500000,"to":1769860800000,"queries":[' +
      '{"aggregator":"sum","data_source":"metrics","name":"a","query":"q1"},' +
      '{"aggregator":"sum","data_source":"metrics","name":"b","query":"q2\\u003c"}],' +
      '"formulas":[{"formula":"a/b"}]},"type":"scalar_request"}}';
    expect(first).toEqual({
      line: 'POST /api/v2/query/scalar',
      headers: {
        ...posted(port, body),
        'Content-Type': 'application/json',
        'DD-API-KEY': 'API',
        'DD-APPLICATION-KEY': 'APP',
      },
      body,
    });
    expect(second?.body).toBe(
      '{"data":{"attributes":{"from":1769860740000,"to":1769860800000,"queries":[' +
        '{"aggregator":"last","data_source":"metrics","name":"query","query":"q"}],' +
        '"formulas":[]},"type":"scalar_request"}}',
    );
  });

  it('prints what is empty as Go does, and the result is nil', async () => {
    const of = async (version: string, body: string) => {
      const { url } = await service({ body });
      return await measure({ datadog: { apiVersion: version, query: 'q' } }, scene(url));
    };
    const empty = (value: string) => ({ value, result: null });
    expect(await of('v1', '{}')).toEqual(empty('null'));
    expect(await of('v1', '{"series":[]}')).toEqual(empty('[]'));
    expect(await of('v1', '{"series":[{"pointlist":[]}]}')).toEqual(empty('[{"Pointlist":[]}]'));
    expect(await of('v2', '{"data":{}}')).toEqual(empty('{"Columns":null}'));
    const column = (values: string) => `{"data":{"attributes":{"columns":[{"values":${values}}]}}}`;
    expect(await of('v2', column('[]'))).toEqual(empty('[]'));
    expect(await of('v2', column('[null]'))).toEqual(empty('[null]'));
    expect(await of('v2', '{"data":{"errors":"bad"}}')).toEqual({
      error: 'There were errors in your query: bad',
    });
  });

  it('tells what the service refuses, without its keys', async () => {
    const { url } = await service({ status: 403, body: '{"errors":["no APP here"]}' });
    expect(await measure({ datadog: { query: 'q' } }, scene(url))).toEqual({
      error: 'received authentication error response code: 403 {"errors":["no ***** here"]}',
    });
    const down = await service({ status: 500, body: 'x' });
    expect(await measure({ datadog: { query: 'q' } }, scene(down.url))).toEqual({
      error: 'received non 2xx response code: 500 x',
    });
  });

  it('takes its keys from the Secret that is named, in the run’s namespace if it says so', async () => {
    const { url, came } = await service({ body: '{"series":[{"pointlist":[[1,2]]}]}' });
    const own = { name: 'mine', namespaced: true };
    const measured = await measure(
      { datadog: { query: 'q', secretRef: own } },
      scene(url, 'shop/mine'),
    );
    expect(measured).toMatchObject({ value: '2' });
    expect(came).toHaveLength(1);
    expect(await measure({ datadog: { query: 'q', secretRef: own } })).toEqual({
      error: 'secrets "mine" not found',
    });
    expect(await measure({ datadog: { query: 'q', secretRef: { namespaced: true } } })).toEqual({
      error: 'secret name is required for namespaced credentials',
    });
    const half = { secrets: { 'argo-rollouts/datadog': { 'api-key': 'API' } } };
    expect(await measure({ datadog: { query: 'q' } }, half)).toEqual({
      error: 'failed to find the credentials for datadog metrics provider',
    });
  });

  it('names the peer’s faults of a spec', () => {
    const faultOf = (datadog: object) =>
      providerOf({ name: 'm', provider: { datadog } }).validate(
        { name: 'm', provider: { datadog } },
        'p',
      )[0]?.message;
    expect(faultOf({})).toMatch(/^Must have either a query or queries\./);
    expect(faultOf({ query: 'q', queries: { a: 'b' } })).toMatch(/^Cannot have both/);
    expect(faultOf({ queries: { a: 'b' } })).toMatch(/^Query is empty\. API Version v1/);
    expect(faultOf({ apiVersion: 'v2', query: 'q', formula: 'a' })).toMatch(/^Formula are only/);
    const two = { apiVersion: 'v2', queries: { a: 'b', c: 'd' } };
    expect(faultOf(two)).toBe('When multiple queries are provided you must include a formula.');
    expect(faultOf({ query: 'q', aggregator: 'sum' })).toMatch(
      /^Aggregator is not supported in v1/,
    );
    expect(faultOf({ query: 'q', requestTimeout: '-1s' })).toMatch(
      /^Request timeout must be a pos/,
    );
    expect(faultOf({ query: 'q', requestTimeout: 'x' })).toMatch(
      /^Could not parse the request time/,
    );
    expect(faultOf({ ...two, formula: 'a/c', requestTimeout: '30s' })).toBeUndefined();
  });
});
