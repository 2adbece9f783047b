import { madeOf } from '../../lib/decide/analysis/check.ts';
import { analysesOf } from '../../lib/decide/release/analyses.ts';
import type { ObjectMeta, Rollout } from '../../lib/model/argo.generated.ts';
import type { FieldError } from '../../lib/model/faults.ts';
import { isRecord } from '../../lib/model/gotypes.ts';
import { instanceIdLabel } from '../../lib/model/names.ts';
import { withoutNulls } from '../../lib/model/nulls.ts';
import { type Answer, type Answers, answersIn, readKey } from '../../lib/model/reads.ts';
import { checkStructure, soundPart } from '../../lib/model/structure.ts';

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
  if (!isRecord(value) || value.kind !== 'Rollout') return none;
  const plain = withoutNulls(value);
  if (checkStructure('Rollout', plain).some(({ kind }) => kind === 'type')) return none;
  const { status: _, ...rollout } = soundPart('Rollout', plain) as Rollout;
  const { namespace = 'default', labels } = rollout.metadata ?? {};
  const place = { namespace, instanceId: labels?.[instanceIdLabel] ?? '' };
  const missing: string[] = [];
  const answers = answersOf(templatesIn(all), namespace, missing);
  const hashes = { stable: 'stable', latest: 'latest' };
  const found = analysesOf(rollout).map((analysis) => {
    missing.length = 0;
    const made = madeOf(analysis, rollout, { place, answers, hashes, isAhead: true });
    const path = `${analysis.path}.templates`;
    const notes = [...new Set(missing)].map((name) => ({
      path,
      message: `names the ${name}, which is not in these files: it must be in the cluster`,
    }));
    const faults = made && 'faults' in made && notes.length === 0 ? made.faults : [];
    return { faults, notes };
  });
  return {
    faults: found.flatMap(({ faults }) => faults),
    notes: found.flatMap(({ notes }) => notes),
  };
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
