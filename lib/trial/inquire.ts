import { NotFound } from '../errors.ts';
import type { AnalysisRun, Experiment } from '../model/argo.generated.ts';
import { defined } from '../model/defined.ts';
import type {
  Exchange,
  FoundRun,
  Inquiry,
  InquiryAnswer,
  RunsRequest,
  TryRequest,
} from '../model/inquiry.ts';
import { instanceIdLabel } from '../model/names.ts';
import { createdAt, nameOf } from '../model/workload.ts';
import { metricsShown } from '../view/metricsView.ts';
import { runView } from '../view/runsView.ts';
import type { World } from '../world.ts';
import { noted } from './noted.ts';
import { tryMetrics } from './try.ts';

export type Inquiring = Pick<
  World,
  'cluster' | 'aws' | 'http' | 'secrets' | 'endsAt' | 'clock' | 'instanceId'
>;

/**
 * Answers what the API asks of a cluster beside its rollouts. Rejects with NotFound, Transient or Terminal.
 * docs/adr/0094-a-template-is-tried-from-the-server.md
 */
export async function inquire(world: Inquiring, inquiry: Inquiry): Promise<InquiryAnswer> {
  return 'try' in inquiry
    ? await tried(world, inquiry.try)
    : { runs: await runsOfNobody(world, inquiry.runs) };
}

async function tried(world: Inquiring, request: TryRequest): Promise<InquiryAnswer> {
  const { cluster: name, namespace, template, clusterScoped = false, args, metric } = request;
  const outside = noted({
    cluster: await world.cluster(name),
    aws: () => world.aws(name),
    http: () => world.http(name),
    secrets: () => world.secrets(name),
    endsAt: world.endsAt,
  });
  const trial = {
    ...{ templates: [], args, namespace, now: world.clock.now },
    refs: [{ templateName: template, clusterScope: clusterScoped }],
    ...defined({ metric }),
  };
  const answer = await tryMetrics(trial, outside);
  if ('faults' in answer) return answer;
  return { tried: answer.tried.map((each) => ({ ...each, asked: each.asked.map(withoutBody) })) };
}

/** What a server says beyond the value is for those who may ask it themselves. */
function withoutBody({ body: _, ...exchange }: Exchange): Exchange {
  return exchange;
}

async function runsOfNobody(
  world: Inquiring,
  { cluster, namespace, name }: RunsRequest,
): Promise<FoundRun[]> {
  const { get, list } = await world.cluster(cluster);
  const none = `There is no analysis run ${name} of that kind.`;
  if (name !== undefined) {
    const run = await get({ kind: 'AnalysisRun', namespace, name }).catch((error: unknown) => {
      // One that is not shown is to look as if there were none.
      throw error instanceof NotFound ? new NotFound(none) : error;
    });
    if (!isShown(world, run)) throw new NotFound(none);
    const experiments = isOfExperiment(run) ? await list('Experiment', namespace) : [];
    const [found] = withRollout(run, experiments);
    if (found === undefined) throw new NotFound(none);
    return [{ ...found, metrics: metricsShown(run) }];
  }
  const runs = (await list('AnalysisRun', namespace)).filter((run) => isShown(world, run));
  const experiments = runs.some(isOfExperiment) ? await list('Experiment', namespace) : [];
  return runs
    .sort((a, b) => createdAt(a) - createdAt(b) || (nameOf(a) < nameOf(b) ? -1 : 1))
    .flatMap((run) => withRollout(run, experiments));
}

/** Those of rollouts are shown with them. */
function isShown({ instanceId }: Inquiring, run: AnalysisRun): boolean {
  const isOurs = (run.metadata?.labels?.[instanceIdLabel] ?? '') === instanceId;
  return isOurs && ownerOf(run)?.kind !== 'Rollout';
}

function isOfExperiment(run: AnalysisRun): boolean {
  return ownerOf(run)?.kind === 'Experiment';
}

/** Nothing, where its Experiment is gone: nobody can say any more whose it was, and it goes too. */
function withRollout(run: AnalysisRun, experiments: Experiment[]): FoundRun[] {
  if (!isOfExperiment(run)) return [shown(run)];
  const experiment = experiments.find(({ metadata }) => metadata?.uid === ownerOf(run)?.uid);
  if (experiment === undefined) return [];
  const owner = ownerOf(experiment);
  return [{ ...shown(run), ...(owner?.kind === 'Rollout' && { rollout: owner.name }) }];
}

function ownerOf({ metadata }: AnalysisRun | Experiment) {
  return metadata?.ownerReferences?.find(({ controller }) => controller === true);
}

function shown(run: AnalysisRun): FoundRun {
  const owner = ownerOf(run);
  return { ...runView(run), ...(owner && { owner: `${owner.kind}/${owner.name}` }) };
}
