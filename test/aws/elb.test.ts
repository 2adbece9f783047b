import { readFile } from 'node:fs/promises';
import {
  AddTagsCommand,
  CreateListenerCommand,
  CreateLoadBalancerCommand,
  CreateTargetGroupCommand,
  ElasticLoadBalancingV2Client,
  ModifyListenerCommand,
  RegisterTargetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/clock.ts';
import { loadBalancersOf, openRegion } from '../../lib/elb/regions.ts';
import { MissingRight, NotFound, Transient } from '../../lib/errors.ts';
import { account, region, type Service, startMoto } from './services.ts';
import { startTap, type Tap } from './tap.ts';

// What is asked of load balancers, on moto's, behind a tap that throttles, forbids and lies.

let moto: Service;
let tap: Tap;
let client: ElasticLoadBalancingV2Client;
let made: Awaited<ReturnType<typeof makeBalancer>>;

beforeAll(async () => {
  process.env.AWS_ACCESS_KEY_ID = 'test';
  process.env.AWS_SECRET_ACCESS_KEY = 'test';
  moto = await startMoto();
  tap = await startTap(moto.endpoint);
  process.env.AWS_ENDPOINT_URL = tap.url;
  client = new ElasticLoadBalancingV2Client({ region, endpoint: moto.endpoint });
  made = await makeBalancer('web', { canary: 25, stable: 75 });
});
beforeEach(() => void tap.calls.splice(0));
afterEach(() => tap.setFault(undefined));
afterAll(async () => {
  delete process.env.AWS_ENDPOINT_URL;
  await tap.stop();
  await moto.stop();
});

type Kind = { type: 'application' | 'network'; protocol: 'HTTP' | 'TCP' };

/** In the network that each account has from its start. */
async function makeBalancer(
  name: string,
  weights: Record<string, number>,
  { type, protocol }: Kind = { type: 'application', protocol: 'HTTP' },
) {
  const Subnets = (await subnets()).slice(0, 2);
  const { LoadBalancers = [] } = await client.send(
    new CreateLoadBalancerCommand({ Name: name, Subnets, Type: type }),
  );
  const { LoadBalancerArn = '', DNSName: hostname = '' } = LoadBalancers[0] ?? {};
  const groups: Record<string, string> = {};
  for (const service of Object.keys(weights)) {
    groups[service] = await makeGroup(name, service, protocol);
  }
  const actions = (by: Record<string, number>) => [
    {
      Type: 'forward' as const,
      ForwardConfig: {
        TargetGroups: Object.entries(by).map(([service, Weight]) => ({
          TargetGroupArn: groups[service],
          Weight,
        })),
      },
    },
  ];
  const { Listeners = [] } = await client.send(
    new CreateListenerCommand({
      ...{ LoadBalancerArn, Protocol: protocol, Port: 80, DefaultActions: actions(weights) },
    }),
  );
  const { ListenerArn } = Listeners[0] ?? {};
  return {
    ...{ hostname, groups },
    shift: (by: Record<string, number>) =>
      client.send(new ModifyListenerCommand({ ListenerArn, DefaultActions: actions(by) })),
  };
}

async function makeGroup(
  balancer: string,
  service: string,
  Protocol: 'HTTP' | 'TCP',
): Promise<string> {
  const { TargetGroups = [] } = await client.send(
    new CreateTargetGroupCommand({
      ...{ Name: `${balancer}-${service}`, TargetType: 'ip', Protocol, Port: 8080 },
      VpcId: (await ec2('DescribeVpcs', 'vpcId'))[0],
    }),
  );
  const { TargetGroupArn = '' } = TargetGroups[0] ?? {};
  const Tags = [{ Key: 'ingress.k8s.aws/resource', Value: `shop/${balancer}-${service}:80` }];
  await client.send(new AddTagsCommand({ ResourceArns: [TargetGroupArn], Tags }));
  return TargetGroupArn;
}

const subnets = () => ec2('DescribeSubnets', 'subnetId');

/** The values of an element in an answer of EC2, whose client is not needed for more. */
async function ec2(action: string, element: string): Promise<string[]> {
  const credential = `test/20260101/${region}/ec2/aws4_request`;
  const response = await fetch(moto.endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host, Signature=0`,
    },
    body: `Action=${action}&Version=2016-11-15`,
  });
  const found = (await response.text()).matchAll(new RegExp(`<${element}>([^<]+)<`, 'g'));
  return [...new Set([...found].map(([, value = '']) => value))];
}

const open = (roleArn?: string) =>
  loadBalancersOf((at) => openRegion({ region: at, ...(roleArn && { roleArn }) }), {
    clock: systemClock,
  });
const error = (code: string, message = 'no') => ({
  status: 400,
  xml: `<ErrorResponse><Error><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`,
});
const operations = () => tap.calls.map(({ operation }) => operation);

describe('a load balancer of AWS', () => {
  it('says what it sends where, and the tags of its target groups', async () => {
    const { hostname, groups } = made;
    const answer = await open().loadBalancer({ hostname, since: '1' });
    const [canary = '', stable = ''] = [groups.canary, groups.stable];
    expect(answer.name).toBe('web');
    expect(answer.listeners).toEqual([
      {
        ...{ protocol: 'HTTP', port: 80 },
        forwards: [{ isDefault: true, weights: { [canary]: 25, [stable]: 75 } }],
      },
    ]);
    expect(answer.groups).toContainEqual({
      ...{ arn: canary, name: 'web-canary', targets: 'ip' },
      tags: { 'ingress.k8s.aws/resource': 'shop/web-canary:80' },
    });
    expect(operations().toSorted()).toEqual([
      'DescribeListeners',
      'DescribeLoadBalancers',
      'DescribeRules',
      'DescribeTags',
      'DescribeTargetGroups',
    ]);
  });

  it('of the network kind is asked for no rules', async () => {
    const kind = { type: 'network', protocol: 'TCP' } as const;
    const { hostname, groups } = await makeBalancer('net', { canary: 10, stable: 90 }, kind);
    const { listeners } = await open().loadBalancer({ hostname, since: '1' });
    const [canary = '', stable = ''] = [groups.canary, groups.stable];
    expect(listeners).toEqual([
      {
        ...{ protocol: 'TCP', port: 80 },
        forwards: [{ isDefault: true, weights: { [canary]: 10, [stable]: 90 } }],
      },
    ]);
    expect(operations()).not.toContain('DescribeRules');
  });

  it('says what it does now to who has written since', async () => {
    const aws = open();
    const { hostname, groups, shift } = made;
    await aws.loadBalancer({ hostname, since: '1' });
    await shift({ canary: 50, stable: 50 });
    const after = await aws.loadBalancer({ hostname, since: '2' });
    expect(after.listeners[0]?.forwards[0]?.weights).toMatchObject({ [groups.canary ?? '']: 50 });
  });

  it('says which targets are healthy, and a lie about one is a target that is not', async () => {
    const group = made.groups.canary ?? '';
    const Targets = [{ Id: '10.0.0.1', Port: 8080 }];
    await client.send(new RegisterTargetsCommand({ TargetGroupArn: group, Targets }));
    const aws = open();
    expect(await aws.targetHealth({ group, since: '1' })).toEqual([
      { id: '10.0.0.1', port: 8080, isHealthy: true },
    ]);
    const none = '<TargetHealthDescriptions></TargetHealthDescriptions>';
    const result = `<DescribeTargetHealthResult>${none}</DescribeTargetHealthResult>`;
    tap.setFault(() => ({
      status: 200,
      xml: `<DescribeTargetHealthResponse>${result}</DescribeTargetHealthResponse>`,
    }));
    expect(await aws.targetHealth({ group, since: '2' })).toEqual([]);
  });

  it('is found in one list with all others of the account', async () => {
    const many = { canary: 1, stable: 9 };
    const balancers = await Promise.all(
      ['shop', 'mail', 'news'].map((name) => makeBalancer(name, many)),
    );
    const aws = open();
    for (const { hostname } of balancers) await aws.loadBalancer({ hostname, since: '' });
    const lists = operations().filter((each) => each === 'DescribeLoadBalancers');
    expect(lists).toHaveLength(1);
  });

  it('that is not there is not found', async () => {
    const hostname = `gone-1.${region}.elb.amazonaws.com`;
    await expect(open().loadBalancer({ hostname, since: '' })).rejects.toThrow(NotFound);
  });
});

describe('what AWS refuses', () => {
  it('for a throttle passes, and is not asked for again at once', async () => {
    tap.setFault(() => error('Throttling', 'Rate exceeded'));
    const aws = open();
    const ask = () => aws.targetHealth({ group: made.groups.stable ?? '', since: '' });
    await expect(ask()).rejects.toThrow(Transient);
    await expect(ask()).rejects.toThrow('Rate exceeded');
    expect(tap.calls).toHaveLength(1);
  });

  it('for want of a right names the right', async () => {
    tap.setFault(({ operation }) =>
      operation === 'DescribeRules' ? error('AccessDenied', 'not authorized') : undefined,
    );
    const asked = open().loadBalancer({ hostname: made.hostname, since: '' });
    const failed = await asked.catch((thrown: unknown) => thrown);
    expect(failed).toBeInstanceOf(MissingRight);
    expect(failed).toMatchObject({ remedy: 'allow the role elasticloadbalancing:DescribeRules' });
  });
});

it('the role of reconcile may make the calls that are made, and no more', async () => {
  const aws = open();
  await aws.loadBalancer({ hostname: made.hostname, since: '' });
  await aws.targetHealth({ group: made.groups.canary ?? '', since: '' });
  const roles = await readFile(new URL('../../infra/roles.yml', import.meta.url), 'utf8');
  const allowed = [...roles.matchAll(/elasticloadbalancing:(\w+)/g)].map(([, name]) => name);
  expect([...new Set(operations())].toSorted()).toEqual(allowed.toSorted());
});

it('a cluster of another account is asked about as the role of that account', async () => {
  const aws = open(`arn:aws:iam::${account}:role/serin-shop`);
  await aws.loadBalancer({ hostname: made.hostname, since: '' });
  expect(operations()[0]).toBe('AssumeRole');
  const asked = tap.calls.filter(({ operation }) => operation !== 'AssumeRole');
  const keys = new Set(asked.map(({ keyId }) => keyId));
  expect(asked).toHaveLength(5);
  expect(keys.size).toBe(1);
  expect(keys).not.toContain('test');
});
