import type { Container } from '../../model/argo.generated.ts';
import { containerLists } from '../../model/workload.ts';
import type { CommandRule, CommandTerms } from './rule.ts';

export const imageTerms: CommandTerms<'image'> = {
  kubectl: ({ container, image: wanted }) => ({
    plugin: 'set image',
    args: [`${container}=${wanted}`],
  }),
};

export const image: CommandRule<'image'> = {
  terms: imageTerms,
  ofTemplate: true,
  // argo v1.10.1 pkg/kubectl-argo-rollouts/cmd/set/set_image.go newRolloutSetImage
  judge: ({ rollout }, { container, image: wanted }) => {
    const lists = containerLists(rollout.spec?.template);
    const isMeant = ({ name }: Container): boolean => container === '*' || name === container;
    const meant = lists.flatMap(([, list]) => list.filter(isMeant));
    const whose = container === '*' ? 'all containers' : container;
    if (meant.length === 0) {
      const names = lists.flatMap(([, list]) => list.map(({ name }) => name)).join(', ');
      return { refuse: `There is no container ${container}. Containers: ${names || 'none'}.` };
    }
    const detail = `The image of ${whose} is ${wanted}.`;
    if (meant.every((each) => each.image === wanted)) return { done: detail };
    // A list that stays as it is stays out of the patch.
    const changed = lists
      .filter(([, list]) => list.some((each) => isMeant(each) && each.image !== wanted))
      .map(([field, list]) => [
        field,
        list.map((each) => (isMeant(each) ? { ...each, image: wanted } : each)),
      ]);
    return { deed: { template: { spec: Object.fromEntries(changed) }, detail } };
  },
};
