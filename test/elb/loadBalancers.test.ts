import { describe, expect, it } from 'vitest';
import { MissingRight, NotFound, Transient } from '../../lib/errors.ts';
import { elbRegionOf } from '../../lib/model/loadBalancer.ts';
import { groupArn, openElb } from './stage.ts';

const hostname = 'lb-1.us-east-1.elb.amazonaws.com';
const once = { hostname, since: 'v1' };
const twoGroups = { rules: [{ canary: 20, stable: 80 }] };

describe('what is said of a load balancer', () => {
  it('is where its rules forward to, and the tags of those groups', async () => {
    const { aws } = openElb({ rules: [{ canary: 1 }, { canary: 20, stable: 80 }] });
    const { name, listeners, groups } = await aws.loadBalancer(once);
    expect(name).toBe('lb');
    expect(listeners).toEqual([
      {
        protocol: 'TCP',
        port: 80,
        forwards: [
          { isDefault: false, weights: { [groupArn('canary')]: 1 } },
          { isDefault: true, weights: { [groupArn('canary')]: 20, [groupArn('stable')]: 80 } },
        ],
      },
    ]);
    expect(groups).toEqual(
      ['canary', 'stable'].map((each) => ({
        ...{ arn: groupArn(each), name: each, targets: 'ip', tags: { of: each } },
      })),
    );
  });

  it('is its default action where it is one that has no rules', async () => {
    const { aws, calls } = openElb({ ...twoGroups, type: 'network' });
    const { listeners } = await aws.loadBalancer(once);
    expect(listeners[0]?.forwards).toEqual([
      { isDefault: true, weights: { [groupArn('canary')]: 20, [groupArn('stable')]: 80 } },
    ]);
    expect(calls()).not.toContain('DescribeRules');
  });

  it('is that there is none of that name', async () => {
    const { aws } = openElb(twoGroups);
    const asked = aws.loadBalancer({ hostname: 'x-1.us-east-1.elb.amazonaws.com', since: '' });
    await expect(asked).rejects.toThrow(NotFound);
  });

  it('of a target: only one that is healthy is called so', async () => {
    const { aws } = openElb(twoGroups);
    expect(await aws.targetHealth({ group: groupArn('canary'), since: '' })).toEqual([
      { id: '10.0.0.1', port: 80, isHealthy: true },
      { id: '10.0.0.2', port: 80, isHealthy: false },
    ]);
  });
});

describe('the calls', () => {
  it('are shared by all who ask for the same at the same time', async () => {
    const { aws, calls } = openElb(twoGroups);
    const asked = Array.from({ length: 50 }, () => aws.loadBalancer(once));
    await Promise.all(asked);
    expect(calls()).toEqual([
      'DescribeLoadBalancers',
      'DescribeLoadBalancers',
      'DescribeListeners',
      'DescribeRules',
      'DescribeTargetGroups',
      'DescribeTags',
    ]);
  });

  it('are two of a load balancer that is known, and none within two seconds', async () => {
    const { aws, calls, pass } = openElb(twoGroups);
    await aws.loadBalancer(once);
    calls();
    pass(1999);
    await aws.loadBalancer(once);
    expect(calls()).toEqual([]);
    pass(1);
    await aws.loadBalancer(once);
    expect(calls()).toEqual(['DescribeListeners', 'DescribeRules']);
  });

  it('tell who has written since what is there since then', async () => {
    const { aws, weights } = openElb(twoGroups);
    await aws.loadBalancer(once);
    weights.rules = [{ canary: 50, stable: 50 }];
    const after = await aws.loadBalancer({ hostname, since: 'v2' });
    expect(after.listeners[0]?.forwards[0]?.weights).toMatchObject({ [groupArn('canary')]: 50 });
  });

  it('for tags name at most 20 groups each', async () => {
    const many = Object.fromEntries(Array.from({ length: 45 }, (_, index) => [`g${index}`, 1]));
    const { aws, inputs } = openElb({ rules: [many] });
    await aws.loadBalancer(once);
    const tags = inputs().filter(({ name }) => name === 'DescribeTags');
    const sizes = tags.map(
      ({ input }) => (input as { ResourceArns: string[] }).ResourceArns.length,
    );
    expect(sizes).toEqual([20, 20, 5]);
  });

  it('stop for everybody while AWS throttles, for longer and longer', async () => {
    const { aws, calls, fails, pass } = openElb(twoGroups);
    fails.error = new Transient('Throttling: Rate exceeded');
    const waits: number[] = [];
    for (let times = 0; times < 9; times += 1) {
      let waited = 0;
      do {
        pass(500);
        waited += 500;
        const asked = aws.targetHealth({ group: `group ${waited}`, since: '' });
        await expect(asked).rejects.toThrow('Rate exceeded');
      } while (calls().length === 0);
      waits.push(waited);
    }
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
    fails.error = undefined;
    pass(60_000);
    expect((await aws.loadBalancer(once)).name).toBe('lb');
  });

  it('are not made again at once where a right is lacking, and others go on', async () => {
    const { aws, calls, fails, pass } = openElb(twoGroups);
    fails.error = new MissingRight('AccessDenied', 'allow it');
    const ask = () => aws.targetHealth({ group: groupArn('canary'), since: '' });
    await expect(ask()).rejects.toThrow('AccessDenied');
    await expect(ask()).rejects.toThrow('AccessDenied');
    expect(calls()).toHaveLength(1);
    fails.error = undefined;
    expect((await aws.loadBalancer(once)).name).toBe('lb');
    pass(30_000);
    expect(await ask()).toHaveLength(2);
  });
});

it.each([
  ['web-1.eu-west-1.elb.amazonaws.com', 'eu-west-1'],
  ['internal-web-1.us-east-1.elb.amazonaws.com', 'us-east-1'],
  ['web-0a.elb.eu-central-1.amazonaws.com', 'eu-central-1'],
  ['web-1.cn-north-1.elb.amazonaws.com.cn', 'cn-north-1'],
  ['arn:aws-cn:elasticloadbalancing:cn-north-1:1:targetgroup/a/b', 'cn-north-1'],
  ['web.example', undefined],
  ['web.elb.amazonaws.com.example', undefined],
])('the region of %s is %s', (text, region) => {
  expect(elbRegionOf(text)).toBe(region);
});
