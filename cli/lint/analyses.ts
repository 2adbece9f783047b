import { madeOf } from '../../lib/decide/analysis/check.ts';
import { analysesOf } from '../../lib/decide/release/analyses.ts';
import type { ObjectMeta, Rollout } from '../../lib/model/argo.generated.ts';
import type { FieldError } from '../../lib/model/faults.ts';
import { isRecord } from '../../lib/model/gotypes.ts';
import { instanceIdLabel } from '../../lib/model/names.ts';
import { withoutNulls } from '../../lib/model/nulls.ts';
import { type Answer, type Answers, answersIn, okOf, readKey } from '../../lib/model/reads.ts';
import { checkStructure } from '../../lib/model/structure.ts';
import { soundRollout } from './held.ts';

// The analyses of a Rollout, as far as the files have their templates.

const kinds = ['AnalysisTemplate', 'ClusterAnalysisTemplate'] as const;
type Template = { kind: (typeof kinds)[number]; metadata?: ObjectMeta };

/**
 * What is wrong with its analyses where all their templates are in the files. Which are not is a note: they
 * may be in the cluster.
 */
export function analysisFindings(
  value: unknown,
  all: readonly unknown[],
): { faults: FieldError[]; notes: FieldError[] } {
  const none = { faults: [], notes: [] };
  const rollout = soundRollout(value);
  if (rollout === undefined) return none;
  const { namespace = 'default', labels } = rollout.metadata ?? {};
  const place = { namespace, instanceId: labels?.[instanceIdLabel] ?? '' };
  const missing: string[] = [];
  const answers = answersOf(templatesIn(all), namespace, missing);
  const hashes = { stable: 'stable', latest: 'latest' };
  const found = analysesOf(rollout).map((analysis) => {
    missing.length = 0;
    const made = madeOf(analysis, rollout, { place, answers, hashes, isAhead: true });
    const path = `${analysis.path}.templates`;
    const notes = [...new Set(missing)].map((name) => lacking(path, name));
    const faults = made && 'faults' in made && notes.length === 0 ? made.faults : [];
    return { faults, notes };
  });
  return {
    faults: found.flatMap(({ faults }) => faults),
    notes: [...found.flatMap(({ notes }) => notes), ...experimentNotes(rollout, answers)],
  };
}

function lacking(path: string, name: string): FieldError {
  const message = `names the ${name}, which is not in these files: it must be in the cluster`;
  return { path, message };
}

/** The templates of the analyses of Experiments that its steps make. */
function experimentNotes({ metadata, spec }: Rollout, answers: Answers): FieldError[] {
  const { namespace = 'default' } = metadata ?? {};
  return (spec?.strategy?.canary?.steps ?? []).flatMap(({ experiment }, step) =>
    (experiment?.analyses ?? []).flatMap(({ templateName: name, clusterScope }, index) => {
      const path = `spec.strategy.canary.steps[${step}].experiment.analyses[${index}].templateName`;
      const ref = clusterScope
        ? ({ kind: 'ClusterAnalysisTemplate', namespace: '', name } as const)
        : ({ kind: 'AnalysisTemplate', namespace, name } as const);
      const isThere = okOf<object>(answers.object(ref)) !== undefined;
      return name && !isThere ? [lacking(path, `${ref.kind} ${name}`)] : [];
    }),
  );
}

/** Notes what is asked for and not there. */
function answersOf(templates: Template[], namespace: string, missing: string[]): Answers {
  const known = new Map(
    templates.map((template): [string, Answer] => {
      const { kind, metadata } = template;
      const place = kind === 'AnalysisTemplate' ? (metadata?.namespace ?? namespace) : '';
      const object = { kind, namespace: place, name: metadata?.name ?? '' };
      return [readKey({ object }), { ok: template }];
    }),
  );
  const answers = answersIn(known);
  return {
    ...answers,
    object: (ref) => {
      const answer = answers.object(ref);
      if (answer === undefined) missing.push(`${ref.kind} ${ref.name}`);
      return answer ?? { missing: true };
    },
  };
}

/** Those in the files, whatever else they have. One with values of a wrong type is none. */
function templatesIn(values: readonly unknown[]): Template[] {
  return values.flatMap((value) => {
    const kind = isRecord(value) ? kinds.find((each) => each === value.kind) : undefined;
    if (!isRecord(value) || !kind || !String(value.apiVersion).startsWith('argoproj.io/'))
      return [];
    const plain = withoutNulls(value);
    return checkStructure(kind, plain).some((fault) => fault.kind === 'type')
      ? []
      : [{ ...(plain as object), kind }];
  });
}
