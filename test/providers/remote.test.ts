import { describe, expect, it } from 'vitest';
import { at, measure, posted, service } from './stage.ts';

// What each provider asks its service, byte by byte, and what it makes of the answers.

describe('newRelic', () => {
  const scene = (url: string) => ({
    secrets: {
      'argo-rollouts/newrelic': {
        'personal-api-key': 'NRAK',
        'account-id': '42',
        'base-url-nerdgraph': `${url}/graphql`,
      },
    },
  });
  const answer = (results: string) => ({
    body: `{"data":{"actor":{"account":{"nrql":{"results":${results}}}}}}`,
  });

  it('asks NerdGraph by the account, and takes one row as it is', async () => {
    const { url, port, came } = await service(answer('[{"b":1,"a":"<"}]'));
    const measured = await measure({ newRelic: { query: 'FROM T "x"', timeout: 9 } }, scene(url));
    expect(measured).toEqual({ value: '{"a":"\\u003c","b":1}', result: { b: 1, a: '<' } });
    const body =
      '{"query":"query ($query: Nrql!, $accountId: Int!, $timeout: Seconds!) { actor { account(id: ' +
      '$accountId) { nrql(query: $query, timeout: $timeout) { results } } } }",' +
      '"variables":{"accountId":42,"query":"FROM T \\"x\\"","timeout":9}}';
    expect(came).toEqual([
      {
        line: 'POST /graphql',
        headers: {
          ...posted(port, body),
          'Content-Type': 'application/json',
          Accept: 'application/json',
          'Api-Key': 'NRAK',
        },
        body,
      },
    ]);
  });

  it('takes several rows as a list, and none for an error', async () => {
    const of = async (...answers: { status?: number; body: string }[]) => {
      const { url } = await service(...answers);
      return await measure({ newRelic: { query: 'q' } }, scene(url));
    };
    const two = [{ a: 1 }, { a: 2 }];
    expect(await of(answer('[{"a":1},{"a":2}]'))).toEqual({
      ...{ value: '[{"a":1},{"a":2}]', result: two },
    });
    const none = { error: 'no results returned from NRQL query' };
    expect(await of(answer('[]'))).toEqual(none);
    expect(await of(answer('[{}]'))).toEqual(none);
    expect(await of({ body: '{"errors":[{"message":"bad NRQL"}]}' })).toEqual({
      error: 'bad NRQL',
    });
    expect(await of({ status: 401, body: '' })).toEqual({ error: 'invalid credentials provided' });
  });

  it('goes to the region of the Secret, and needs an account and a key', async () => {
    const of = async (texts: Record<string, string>, region?: string) => {
      const { url, came } = await service(answer('[{"a":1}]'));
      const urls: string[] = [];
      const instead = (address: string) => {
        urls.push(address);
        return url;
      };
      const secret = { ...texts, ...(region && { region }) };
      const measured = await measure(
        { newRelic: { query: 'q', profile: 'mine' } },
        { secrets: { 'argo-rollouts/mine': secret }, instead },
      );
      return { measured, urls, came };
    };
    const good = { 'personal-api-key': 'NRAK', 'account-id': '42' };
    expect((await of(good)).urls).toEqual(['https://api.newrelic.com/graphql']);
    expect((await of(good, 'EU')).urls).toEqual(['https://api.eu.newrelic.com/graphql']);
    expect((await of({ 'account-id': '42' })).measured).toEqual({
      error: 'account ID or personal API key not found',
    });
    expect((await of({ ...good, 'account-id': 'x' })).measured).toEqual({
      error: 'could not parse account ID: strconv.Atoi: parsing "x": invalid syntax',
    });
  });
});

describe('wavefront', () => {
  const address = 'example.wavefront.com';
  const scene = (url: string) => ({
    secrets: { 'argo-rollouts/wavefront-api-tokens': { [address]: 'WF' } },
    instead: (asked: string) => asked.replace(`https://${address}`, url),
  });
  const source = { wavefront: { address, query: 'ts("a b")' } };

  it('asks for the point nearest to now, and tells how far it was', async () => {
    const { url, port, came } = await service({
      body: '{"timeseries":[{"data":[[1769860700,1],[1769860790,2.345],[1769860950,3]]}],"warnings":"w"}',
    });
    expect(await measure(source, scene(url))).toEqual({
      ...{ value: '2.35', result: 2.345 },
      metadata: { warnings: 'w', timestamps: '1769860790', drift: '-10' },
    });
    const form =
      'autoEvents=false&e=1769860800000&g=s&i=true&includeObsoleteMetrics=false&listmode=false&p=1' +
      '&q=ts%28%22a+b%22%29&s=1769860800000&strict=false';
    const headers = { ...at(port), Authorization: 'Bearer WF', Accept: 'application/json' };
    expect(came).toEqual([{ line: `GET /api/v2/chart/api?${form}`, headers, body: '' }]);
  });

  it('takes several series as a list, and none for an error', async () => {
    const series = '{"data":[[1769860800,0.125]]}';
    const { url } = await service({ body: `{"timeseries":[${series},${series}]}` });
    expect(await measure(source, scene(url))).toEqual({
      ...{ value: '[0.12,0.12]', result: [0.125, 0.125] },
      metadata: { timestamps: '[1769860800,1769860800]', drift: '[0,0]' },
    });
    const none = await service({ body: '{"timeseries":[]}' });
    expect(await measure(source, scene(none.url))).toEqual({
      error: 'No TimeSeries found in response from Wavefront',
    });
    const other = { wavefront: { address: 'other.example', query: 'q' } };
    expect(await measure(other, scene(url))).toEqual({ error: 'API token not found' });
  });
});

describe('graphite', () => {
  it('asks for JSON, and takes all values of the first target', async () => {
    const { url, port, came } = await service({
      body: '[{"target":"t","datapoints":[[1.5,1],[null,2],["0.1",3],[2000000,4]]},{"datapoints":[[9,1]]}]',
    });
    const query = 'target=sum( a.b )\n&from=-5min';
    expect(await measure({ graphite: { address: `${url}/base/`, query } })).toEqual({
      value: '[1.500000,0.100000,2000000.000000]',
      result: [1.5, 0.1, 2_000_000],
    });
    const line = 'GET /base/render?format=json&from=-5min&target=sum%28a.b%29';
    expect(came).toEqual([{ line, headers: at(port), body: '' }]);
  });

  it('reads a long number in the time of its length', async () => {
    const digits = '1'.repeat(200_000);
    const { url } = await service({ body: `[{"datapoints":[["${digits}x",1]]}]` });
    const began = performance.now();
    expect(await measure({ graphite: { address: url, query: 'target=a' } })).toEqual({
      error: `error unmarshaling value: "${digits}x"`,
    });
    expect(performance.now() - began).toBeLessThan(2000);
  });

  it('tells what is wrong', async () => {
    const of = async (answer: { status?: number; body: string }) => {
      const { url } = await service(answer);
      return await measure({ graphite: { address: url, query: 'target=a' } });
    };
    expect(await of({ status: 400, body: 'bad' })).toEqual({ error: 'error response: bad' });
    expect(await of({ body: '[]' })).toEqual({ error: 'no values found' });
    expect(await of({ body: '[{"datapoints":[[null,1]]}]' })).toEqual({ value: '[]', result: [] });
    expect(await measure({ graphite: { query: 'a' } })).toEqual({
      error: 'Graphite address  is not a valid URL',
    });
    expect(
      await measure({ graphite: { address: 'http://127.0.0.1:1', query: 'target=a' } }),
    ).toEqual({
      error:
        'Get "http://127.0.0.1:1/render?format=json&target=a": dial tcp 127.0.0.1:1: connect: ' +
        'connection refused',
    });
  });
});

describe('influxdb', () => {
  const scene = (url: string) => ({
    secrets: {
      'argo-rollouts/influxdb': { authToken: 'TOKEN', org: 'my org', address: `${url}/` },
    },
  });
  const csv = [
    '#datatype,string,long,dateTime:RFC3339,double',
    '#group,false,false,false,false',
    '#default,_result,,,7',
    ',result,table,_time,_value',
    ',,0,2026-01-31T12:00:00Z,1000000',
    ',,0,2026-01-31T12:00:00Z,',
    '',
    '#datatype,string,long,string',
    '#group,false,false,false',
    '#default,_result,,',
    ',result,table,_value',
    ',,1,"a ""b"", c"',
    '',
  ];

  it('asks by Flux, and takes the value of each row', async () => {
    const { url, port, came } = await service({ body: csv.join('\r\n') });
    const measured = await measure({ influxdb: { query: 'from(b:"x") |> y' } }, scene(url));
    expect(measured).toEqual({ value: '[1e+06 7 a "b", c]', result: [1_000_000, 7, 'a "b", c'] });
    const body =
      '{"dialect":{"annotations":["datatype","group","default"],"delimiter":",","header":true},' +
      '"query":"from(b:\\"x\\") |\\u003e y","type":"flux"}';
    expect(came).toEqual([
      {
        line: 'POST /api/v2/query?org=my+org',
        headers: {
          ...posted(port, body),
          'Content-Type': 'application/json',
          Authorization: 'Token TOKEN',
        },
        body,
      },
    ]);
  });

  it('has whole numbers as such, and tells what is wrong', async () => {
    const of = async (body: string, status = 200) => {
      const { url } = await service({ status, body });
      return await measure({ influxdb: { query: 'q' } }, scene(url));
    };
    const long =
      '#datatype,string,long\n#group,false,false\n#default,,\n,result,_value\n,,9007199254740993\n';
    expect(await of(long)).toEqual({ value: '[9007199254740993]', result: [9007199254740993n] });
    expect(await of('\r\n')).toEqual({ error: 'no results returned from flux query' });
    expect(await of('{"code":"invalid","message":"bad TOKEN"}', 400)).toEqual({
      error: 'invalid: bad *****',
    });
    const failed =
      '#datatype,string,long\n#group,true,true\n#default,,\n,error,reference\n,went wrong,897\n';
    expect(await of(failed)).toEqual({ error: 'went wrong,897' });
    expect(await measure({ influxdb: { query: 'q', profile: 'none' } })).toEqual({
      error: 'secrets "none" not found',
    });
  });
});

describe('skywalking', () => {
  it('asks by GraphQL for the minutes of its interval', async () => {
    const { url, port, came } = await service({ body: '{"data":{"v":{"b":2,"a":[1]}}}' });
    const source = { skywalking: { address: url, query: 'query q { v }', interval: '3m' } };
    expect(await measure(source)).toEqual({
      value: '{"v":{"a":[1],"b":2}}',
      result: { v: { b: 2, a: [1] } },
    });
    const body =
      '{"query":"query q { v }","variables":{"duration":{"start":"2026-01-31 1157",' +
      '"end":"2026-01-31 1200","step":"MINUTE"}}}\n';
    const type = 'application/json; charset=utf-8';
    expect(came).toEqual([
      {
        line: 'POST /graphql',
        headers: { ...posted(port, body), 'Content-Type': type, Accept: type },
        body,
      },
    ]);
  });

  it('tells the first error of the server', async () => {
    const of = async (body: string) => {
      const { url } = await service({ body });
      return await measure({ skywalking: { address: url, query: 'q', interval: '5m' } });
    };
    expect(await of('{"errors":[{"message":"bad"}]}')).toEqual({ error: 'graphql: bad' });
    expect(await of('{}')).toEqual({ error: 'no results returned from SkyWalking query' });
    expect(await of('<html>')).toEqual({ error: 'decoding response: it is no JSON object' });
  });
});
