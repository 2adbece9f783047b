import { NotFound } from '../errors.ts';
import type { AnalysisRun } from '../model/argo.generated.ts';
import { defined } from '../model/defined.ts';
import type {
  Exchange,
  Inquiry,
  InquiryAnswer,
  RunOfNobody,
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
): Promise<RunOfNobody[]> {
  const { get, list } = await world.cluster(cluster);
  if (name !== undefined) {
    const run = await get({ kind: 'AnalysisRun', namespace, name });
    if (!isShown(world, run)) throw new NotFound(`There is no analysis run ${name} of that kind.`);
    return [{ ...shown(run), metrics: metricsShown(run) }];
  }
  const found = await list('AnalysisRun', namespace);
  return found
    .filter((run) => isShown(world, run))
    .sort((a, b) => createdAt(a) - createdAt(b) || (nameOf(a) < nameOf(b) ? -1 : 1))
    .map(shown);
}

/** Those of rollouts are shown with them. */
function isShown({ instanceId }: Inquiring, run: AnalysisRun): boolean {
  const isOurs = (run.metadata?.labels?.[instanceIdLabel] ?? '') === instanceId;
  return isOurs && ownerOf(run)?.kind !== 'Rollout';
}

function ownerOf({ metadata }: AnalysisRun) {
  return metadata?.ownerReferences?.find(({ controller }) => controller === true);
}

function shown(run: AnalysisRun): RunOfNobody {
  const owner = ownerOf(run);
  return { ...runView(run), ...(owner && { owner: `${owner.kind}/${owner.name}` }) };
}
