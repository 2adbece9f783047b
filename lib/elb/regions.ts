import { Terminal } from '../errors.ts';
import { forgetOldest } from '../model/forget.ts';
import { elbRegionOf } from '../model/loadBalancer.ts';
import type { BalancerAws, Clock } from '../world.ts';
import type { ElbApi } from './api.ts';
import { openThrottle, type Throttle } from './backOff.ts';
import { loadBalancers } from './loadBalancers.ts';

/** Of how many regions clients are kept: AWS has fewer, but an object in a cluster can name any. */
const regionsMax = 100;

/** Of one account, by region. */
export type Throttles = Map<string, Throttle>;

/** The load balancers of one account, in whichever region they are. One is opened when it is first asked. */
export function loadBalancersOf(
  open: (region: string) => Promise<ElbApi>,
  { clock, throttles = new Map() }: { clock: Clock; throttles?: Throttles },
): BalancerAws {
  const regions = new Map<string, Promise<BalancerAws>>();
  const inRegionOf = async (text: string): Promise<BalancerAws> => {
    const region = elbRegionOf(text);
    if (region === undefined) throw new Terminal(`${text} is not of Elastic Load Balancing`);
    const known = regions.get(region);
    if (known !== undefined) return await known;
    const throttle = throttles.get(region) ?? openThrottle();
    throttles.set(region, throttle);
    forgetOldest(throttles, regionsMax);
    const opened = open(region).then((api) => loadBalancers(api, clock, throttle));
    regions.set(region, opened);
    forgetOldest(regions, regionsMax);
    opened.catch(() => regions.delete(region));
    return await opened;
  };
  return {
    loadBalancer: async (input) => (await inRegionOf(input.hostname)).loadBalancer(input),
    targetHealth: async (input) => (await inRegionOf(input.group)).targetHealth(input),
  };
}

/** By the SDK, whose client is loaded with the first question. */
export async function openRegion(of: { region: string; roleArn?: string }): Promise<ElbApi> {
  const { elbApi } = await import('./client.ts');
  return elbApi(of);
}
