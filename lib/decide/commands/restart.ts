import { fromTime, toTime } from '../../model/units.ts';
import { createdAt } from '../../model/workload.ts';
import type { CommandRule, CommandTerms } from './rule.ts';

export const restartTerms: CommandTerms<'restart'> = {
  kubectl: ({ at }) => (at === undefined ? { plugin: 'restart' } : { spec: { restartAt: at } }),
};

export const restart: CommandRule<'restart'> = {
  terms: restartTerms,
  judge: ({ rollout, pods }, command, { acceptedAt }) => {
    const at = command.at ?? toTime(acceptedAt);
    if (rollout.spec?.restartAt !== at) {
      return { deed: { spec: { spec: { restartAt: at } }, detail: 'Restart asked for.' } };
    }
    if (fromTime(at) > acceptedAt) return { done: `All pods are to be replaced at ${at}.` };
    const isDone = rollout.status?.restartedAt === at;
    const isNone = pods?.every((pod) => createdAt(pod) >= fromTime(at)) ?? isDone;
    return isNone
      ? { done: `There is no pod created before ${at} to replace.` }
      : { done: `Pods created before ${at} are being replaced.` };
  },
  // Which pods it concerns.
  toldLater: true,
};
