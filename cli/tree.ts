import { styleText } from 'node:util';
import { fromTime, type Millis } from '../lib/model/units.ts';
import type {
  AnalysisRunView,
  ExperimentView,
  PodView,
  ReplicaSetView,
  RolloutView,
} from '../lib/model/view.ts';
import {
  analysisSigns,
  humanAge,
  icons,
  phaseSigns,
  podSign,
  type Sign,
} from '../lib/view/words.ts';
import { markedIn, markWords } from './marks.ts';
import { columns, plain, plainAll } from './text.ts';

/**
 * A rollout as `kubectl argo rollouts get rollout` shows it: the same layout, symbols and colours, so
 * that scripts and eyes trained on it find what they look for.
 * argo v1.10.1 pkg/kubectl-argo-rollouts/cmd/get/get_rollout.go
 */

const phaseIcons = iconsOf(phaseSigns);
const analysisIcons = iconsOf(analysisSigns);

type Style = Parameters<typeof styleText>[0];
const styles: Record<string, Style> = {
  [icons.ok]: 'green',
  [icons.progressing]: 'blueBright',
  [icons.bad]: 'red',
  [icons.warning]: 'red',
  [icons.unknown]: 'yellow',
  stable: 'green',
  active: 'green',
  canary: 'yellow',
  preview: 'blueBright',
  ping: 'blueBright',
  pong: 'blueBright',
};

type Paint = (text: string, word?: string) => string;

/** The icon of a rollout's phase, coloured when asked. */
export function phaseText(phase: string, colour: boolean): string {
  return withIcon(phaseIcons[phase] ?? ' ', plain(phase), painter(colour));
}

/** The icon of a run's or measurement's phase, coloured when asked. */
export function analysisIcon(phase: string, colour: boolean): string {
  return painter(colour)(analysisIcons[phase] ?? ' ');
}

export function analysisPhaseText(phase: string, colour: boolean): string {
  return withIcon(analysisIcons[phase] ?? ' ', phase, painter(colour));
}

export function rolloutTree(view: RolloutView, now: Millis, colour = false): string {
  const paint = painter(colour);
  const shown = plainAll(view);
  return [...summary(shown, paint), '', ...tree(shown, now, paint)].join('\n');
}

function painter(colour: boolean): Paint {
  if (!colour) return (text) => text;
  return (text, word = text) => {
    const style = styles[word];
    // Whether the terminal takes colours was settled by whoever asked for them.
    return style === undefined ? text : styleText(style, text, { validateStream: false });
  };
}

function summary(view: RolloutView, paint: Paint): string[] {
  const { replicas, step } = view;
  const fields: [string, string | number][] = [
    ['Name:', view.name],
    ['Namespace:', view.namespace],
    ['Status:', withIcon(phaseIcons[view.phase] ?? ' ', view.phase, paint)],
  ];
  if (view.message !== '') fields.push(['Message:', view.message]);
  fields.push(...marked(view));
  fields.push(['Strategy:', view.strategy]);
  if (view.strategy === 'Canary') {
    fields.push(
      ['  Step:', step === undefined ? '' : `${step.index}/${step.count}`],
      ['  SetWeight:', view.setWeight ?? ''],
      ['  ActualWeight:', view.actualWeight ?? ''],
    );
  }
  for (const [index, { image, tags }] of view.images.entries()) {
    const roles = tags.map((tag) => paint(tag)).join(', ');
    fields.push([index === 0 ? 'Images:' : '', image + (roles === '' ? '' : ` (${roles})`)]);
  }
  fields.push(
    ['Replicas:', ''],
    ['  Desired:', replicas.desired],
    ['  Current:', replicas.current],
    ['  Updated:', replicas.updated],
    ['  Ready:', replicas.ready],
    ['  Available:', replicas.available],
  );
  return fields.map(([name, value]) => `${name.padEnd(17)}${value}`.trimEnd());
}

/** What the peer's layout has no line for, since there the status says all. */
function marked(view: RolloutView): [string, string][] {
  const { mark, text, unblock } = markedIn(view) ?? {};
  if (mark === undefined || text === undefined) return [];
  return [
    ...(view.message.includes(text) ? [] : [[`${markWords[mark]}:`, text] as [string, string]]),
    ...(unblock === undefined ? [] : [['To do:', unblock] as [string, string]]),
  ];
}

function tree(view: RolloutView, now: Millis, paint: Paint): string[] {
  const rows: string[][] = [['NAME', 'KIND', 'STATUS', 'AGE', 'INFO']];
  const status = withIcon(phaseIcons[view.phase] ?? ' ', view.phase, paint);
  rows.push([`${icons.rollout} ${view.name}`, 'Rollout', status, humanAge(now - view.createdAt)]);
  for (const [branch, { revision, replicaSets, experiments = [], analysisRuns = [] }] of branches(
    '',
    view.revisions,
  )) {
    rows.push([`${branch.own}${icons.revision} revision:${revision}`]);
    const parts = [
      ...replicaSets.map(
        (set): Part =>
          (twig) =>
            withPods(twig, set, now, paint),
      ),
      ...experiments.map(
        (each): Part =>
          (twig) =>
            withTemplates(twig, each, now, paint),
      ),
      ...analysisRuns.map(
        (run): Part =>
          (twig) =>
            withJobs(twig, run, now, paint),
      ),
    ];
    for (const [twig, part] of branches(branch.below, parts)) rows.push(...part(twig));
  }
  return columns(rows);
}

type Twig = { own: string; below: string };
/** The rows of what a revision has. */
type Part = (twig: Twig) => string[][];

function withPods(twig: Twig, set: ReplicaSetView, now: Millis, paint: Paint): string[][] {
  const pods = branches(twig.below, set.pods ?? []);
  return [
    replicaSetRow(twig.own, set, now, paint),
    ...pods.map(([leaf, pod]) => podRow(leaf.own, pod, now, paint)),
  ];
}

function withTemplates(
  twig: Twig,
  { name, status, createdAt, replicaSets, analysisRuns }: ExperimentView,
  now: Millis,
  paint: Paint,
): string[][] {
  const age = humanAge(now - createdAt);
  const row = (icon: string, kind: string, each: { name: string; status: string }) => {
    const said = kind === 'ReplicaSet' ? phaseIcons[each.status] : analysisIcons[each.status];
    const words = withIcon(said ?? ' ', each.status, paint);
    return (own: string): string[] => [`${own}${icon} ${paint(each.name, said)}`, kind, words, age];
  };
  const parts = [
    ...replicaSets.map((each) => row(icons.replicaSet, 'ReplicaSet', each)),
    ...analysisRuns.map((each) => row(icons.analysis, 'AnalysisRun', each)),
  ];
  return [
    row(icons.experiment, 'Experiment', { name, status })(twig.own),
    ...branches(twig.below, parts).map(([leaf, part]) => part(leaf.own)),
  ];
}

function withJobs(twig: Twig, run: AnalysisRunView, now: Millis, paint: Paint): string[][] {
  const { successful, failed, inconclusive, error } = run;
  const counts: [string, number][] = [
    [icons.ok, successful],
    [icons.bad, failed],
    [icons.unknown, inconclusive],
    [icons.warning, error],
  ];
  const info = counts.filter(([, count]) => count > 0);
  const row = (
    own: string,
    kind: string,
    each: { name: string; status: string; createdAt: Millis },
  ) => [
    `${own} ${paint(each.name, analysisIcons[each.status])}`,
    kind,
    withIcon(analysisIcons[each.status] ?? ' ', each.status, paint),
    humanAge(now - each.createdAt),
  ];
  return [
    [
      ...row(`${twig.own}${icons.analysis}`, 'AnalysisRun', run),
      info.map(([icon, count]) => `${paint(icon)} ${count}`).join(','),
    ],
    ...branches(twig.below, run.jobs ?? []).map(([leaf, job]) =>
      row(`${leaf.own}${icons.job}`, 'Job', job),
    ),
  ];
}

/** What stands before each item of a list in the tree, and before what hangs below the item. */
function branches<T>(before: string, items: T[]): [Twig, T][] {
  return items.map((item, index) => {
    const last = index === items.length - 1;
    const own = before + (last ? '└──' : '├──');
    return [{ own, below: before + (last ? '   ' : '│  ') }, item];
  });
}

function replicaSetRow(
  branch: string,
  replicaSet: ReplicaSetView,
  now: Millis,
  paint: Paint,
): string[] {
  const { name, roles, status, scaleDownDeadline } = replicaSet;
  const info = roles.map((role) => paint(role));
  if (scaleDownDeadline !== undefined) info.push(`delay:${delayText(scaleDownDeadline, now)}`);
  return [
    `${branch}${icons.replicaSet} ${paint(name, roles.at(-1) ?? '')}`,
    'ReplicaSet',
    withIcon(phaseIcons[status] ?? ' ', status, paint),
    humanAge(now - replicaSet.createdAt),
    info.join(','),
  ];
}

function delayText(deadline: string, now: Millis): string {
  const at = fromTime(deadline);
  if (Number.isNaN(at)) return '';
  return at < now ? 'passed' : humanAge(at - now);
}

function podRow(branch: string, pod: PodView, now: Millis, paint: Paint): string[] {
  const sign = podSign(pod.status);
  const icon = sign === undefined ? ' ' : icons[sign];
  const restarts = pod.restarts > 0 ? `,restarts:${pod.restarts}` : '';
  return [
    `${branch}${icons.pod} ${pod.name}`,
    'Pod',
    withIcon(icon, pod.status, paint),
    humanAge(now - pod.createdAt),
    `ready:${pod.ready}${restarts}`,
  ];
}

function withIcon(icon: string, text: string, paint: Paint): string {
  return `${paint(icon)} ${text}`;
}

function iconsOf(signs: Record<string, Sign>): Record<string, string> {
  return Object.fromEntries(Object.entries(signs).map(([word, sign]) => [word, icons[sign]]));
}
