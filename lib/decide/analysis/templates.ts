import type {
  AnalysisTemplate,
  AnalysisTemplateRef,
  AnalysisTemplateSpec,
} from '../../model/argo.generated.ts';
import { type FieldError, fieldError } from '../../model/faults.ts';
import type { ObjectRef } from '../../model/kinds.ts';
import { instanceIdLabel } from '../../model/names.ts';
import { type Answer, type Answers, okOf } from '../../model/reads.ts';
import { nameOf } from '../../model/workload.ts';

// The templates of an analysis, with those that they name in turn.

/** Each is read in a round of its own, after the one that names it. */
const depthMax = 3;

type TemplateRef = ObjectRef<'AnalysisTemplate' | 'ClusterAnalysisTemplate'>;
/** Of one namespace, or of the cluster: they have the same fields. */
export type Found = { ref: TemplateRef; name: string; spec: AnalysisTemplateSpec };

type Place = { namespace: string; instanceId: string };
/** `isWhole`: nothing is left to read. */
type Walk = { found: Found[]; reads: TemplateRef[]; faults: FieldError[]; isWhole: boolean };

/**
 * Each template once, those of the namespace before those of the cluster; what is still to be read of them;
 * and what is wrong. argo v1.10.1 rollout/analysis.go getAnalysisTemplatesFromRefs
 */
export function templatesOf(
  refs: AnalysisTemplateRef[],
  path: string,
  place: Place,
  answers: Answers,
): Walk {
  const seen = new Map<string, TemplateRef>();
  const found: Found[] = [];
  const faults: FieldError[] = [];
  let isWhole = true;
  const visit = (given: AnalysisTemplateRef[], within: string[]): void => {
    for (const each of given) {
      const ref = refOf(each, place.namespace);
      const id = `${ref.kind} ${ref.name}`;
      if (within.includes(id)) {
        const circle = [...within.slice(within.indexOf(id)), id].join(' → ');
        faults.push(...fieldError(path, `names templates that name each other: ${circle}`));
      } else if (within.length >= depthMax) {
        const message = `names templates more than ${depthMax} deep: ${[...within, id].join(' → ')}`;
        faults.push(...fieldError(path, message));
      }
      if (faults.length > 0 || seen.has(id)) continue;
      seen.set(id, ref);
      const answer = answers.object(ref);
      if (answer === undefined) {
        isWhole = false;
        continue;
      }
      const template = ownOf(answer, place.instanceId);
      if ('fault' in template) {
        faults.push(...fieldError(path, template.fault(id)));
        continue;
      }
      found.push({ ref, name: nameOf(template), spec: template.spec ?? {} });
      visit(template.spec?.templates ?? [], [...within, id]);
    }
  };
  visit(refs, []);
  const isOfCluster = ({ ref }: Found): boolean => ref.kind === 'ClusterAnalysisTemplate';
  const ordered = [...found.filter((each) => !isOfCluster(each)), ...found.filter(isOfCluster)];
  return { found: ordered, reads: [...seen.values()], faults, isWhole };
}

function refOf(
  { templateName, clusterScope }: AnalysisTemplateRef,
  namespace: string,
): TemplateRef {
  return clusterScope
    ? { kind: 'ClusterAnalysisTemplate', namespace: '', name: templateName }
    : { kind: 'AnalysisTemplate', namespace, name: templateName };
}

/** One of another instance does not exist for this one. argo v1.10.1 cmd/rollouts-controller/main.go */
function ownOf(
  answer: Answer<AnalysisTemplate>,
  instanceId: string,
): AnalysisTemplate | { fault: (id: string) => string } {
  if ('failed' in answer) {
    return { fault: (id) => `names the ${id}, which cannot be read: ${answer.failed}` };
  }
  const template = okOf(answer);
  if (!template) {
    return { fault: (id) => `names the ${id}, which does not exist; create it, or name another` };
  }
  const label = template.metadata?.labels?.[instanceIdLabel] ?? '';
  if (label === instanceId) return template;
  const wanted = instanceId === '' ? 'without that label' : `labelled ${instanceId}`;
  return {
    fault: (id) =>
      `names the ${id}, which is of another controller: ${instanceIdLabel} must be ${wanted}`,
  };
}
