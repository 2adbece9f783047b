import { MissingRight, Transient } from '../errors.ts';
import { type Millis, minuteMs, secondMs } from '../model/units.ts';
import type { Clock } from '../world.ts';
import type { ElbApi, ElbCall } from './api.ts';

/** After a throttle nobody calls for this long, and twice as long after each that follows. */
const firstMs: Millis = secondMs;
const longestMs: Millis = minuteMs;
/** How long it is believed that a right is lacking. */
const rightLifeMs: Millis = 30 * secondMs;

/** What is known of the allowance of an account in a region, which all who call there draw on. */
export type Throttle = { failures: number; until: Millis; said: string };

export function openThrottle(): Throttle {
  return { failures: 0, until: Number.NEGATIVE_INFINITY, said: '' };
}

/**
 * The API, left in peace while it throttles: the load balancer controller draws on the same allowance, and
 * what it cannot do for want of it no release can wait out.
 */
export function backedOff(api: ElbApi, clock: Clock, throttle: Throttle): ElbApi {
  const refused = new Map<ElbCall, { error: MissingRight; until: Millis }>();

  const call = async (name: ElbCall, input: object): Promise<unknown> => {
    const known = refused.get(name);
    if (known && clock.now() < known.until) throw known.error;
    if (clock.now() < throttle.until) throw new Transient(throttle.said);
    try {
      const answer = await (api[name] as (input: object) => Promise<unknown>)(input);
      throttle.failures = 0;
      return answer;
    } catch (error) {
      if (error instanceof MissingRight) {
        refused.set(name, { error, until: clock.now() + rightLifeMs });
      }
      if (error instanceof Transient) {
        // Those under way at the same time meet with the same throttle.
        if (clock.now() >= throttle.until) throttle.failures += 1;
        const waitMs = Math.min(longestMs, firstMs * 2 ** (throttle.failures - 1));
        throttle.until = clock.now() + waitMs;
        throttle.said = error.message;
      }
      throw error;
    }
  };
  const names: ElbCall[] = [
    'DescribeLoadBalancers',
    'DescribeListeners',
    'DescribeRules',
    'DescribeTargetGroups',
    'DescribeTags',
    'DescribeTargetHealth',
  ];
  const entries = names.map((name) => [name, (input: object) => call(name, input)]);
  return Object.fromEntries(entries) as ElbApi;
}
