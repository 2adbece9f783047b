import type { CommandOf } from '../decide/commands/rule.ts';
import { hasNoSteps, isReleasing, type Seen } from '../decide/commands/seen.ts';
import type { Command, Verb } from '../model/intent.ts';
import { capital, countText } from '../model/text.ts';
import type { RolloutView } from '../model/view.ts';

/** What a command is about to do, in sentences, for whoever has to decide on it. */
export function willDo(command: Command, seen: Seen, view: RolloutView): string[] {
  const tell = texts[command.verb] as (about: About, command: Command) => (string | undefined)[];
  const said = tell(aboutOf(seen, view), command);
  return said.filter((text) => text !== undefined && text !== '') as string[];
}

type About = {
  seen: Seen;
  view: RolloutView;
  /** `revision 7 (2.4.1)`, of the spec's version and of the stable one. */
  wanted: string;
  stable: string;
};

const texts: { [V in Verb]: (about: About, command: CommandOf<V>) => (string | undefined)[] } = {
  promote: (about, command) => {
    if (command.full) return promoteFull(about);
    if (command.skipAllSteps) return [skipped(about), becomesStable(about)];
    const { seen, view } = about;
    if (command.skipCurrentStep) {
      return [`Step ${stepAt(about)} of ${seen.stepCount} is skipped.`, next(about)];
    }
    if (seen.userPaused) return resume(about);
    if (view.strategy === 'BlueGreen') return [switches(about)];
    return [`The pause of step ${stepAt(about)} of ${seen.stepCount} ends.`, next(about)];
  },
  abort: (about) => [
    `The update to ${about.wanted} stops here.`,
    back(about),
    podsOfStable(about),
    `The spec keeps ${about.wanted}: retry would start it again.`,
  ],
  retry: (about) => [starts(about, `The update to ${about.wanted} starts again`)],
  pause: ({ view }) => [
    'The rollout stays where it is until somebody resumes it.',
    view.phase === 'Progressing' ? 'Pods that are about to be ready become so still.' : undefined,
  ],
  resume,
  restart: ({ view: { replicas } }, { at }) => [
    `${countText(replicas.desired, 'pod')} ${replicas.desired === 1 ? 'is' : 'are'} replaced, ` +
      `a few at a time${at === undefined ? '' : `, from ${at} on`}. Their version stays.`,
  ],
  undo: (about, { toRevision }) => {
    const { view, seen } = about;
    const target =
      toRevision ?? view.revisions.find((each) => each.revision !== seen.revision)?.revision;
    const name = target === undefined ? 'the revision before' : revisionText(view, target);
    return [
      ended(about),
      starts(about, `The template of ${name} goes into the spec, and a release of it begins`),
    ];
  },
  image: (about) => [
    ended(about),
    starts(about, 'The image goes into the spec, and a release of it begins'),
  ],
};

function promoteFull(about: About): string[] {
  const { view } = about;
  if (view.strategy === 'BlueGreen') return [switches(about), 'Analyses are not waited for.'];
  return [skipped(about), becomesStable(about), 'Pauses and analyses are passed over.'];
}

function resume({ seen }: About): string[] {
  const still = hasNoSteps(seen) ? 'before the switch' : 'at its step';
  return [
    'The pause by a person is lifted.',
    seen.heldByPause && seen.pauseStart !== null ? `It still pauses ${still}.` : '',
  ];
}

/** The one that it is at, counted from 1 on. */
function stepAt({ seen }: About): number {
  return Math.min((seen.stepIndex ?? 0) + 1, seen.stepCount);
}

function skipped(about: About): string {
  const [from, to] = [stepAt(about), about.seen.stepCount];
  return from === to ? `Step ${to} of ${to} is skipped.` : `Steps ${from} to ${to} are skipped.`;
}

function next(about: About): string {
  const at = stepAt(about);
  const step = about.view.steps?.[at];
  if (step === undefined && at >= about.seen.stepCount) return becomesStable(about);
  return `Next is step ${at + 1} of ${about.seen.stepCount}${step ? `: ${step.text}` : ''}.`;
}

function becomesStable({ wanted, view }: About): string {
  const all = countText(view.replicas.desired, 'pod');
  return `${capital(wanted)} gets all requests and ${all}, and becomes the stable one.`;
}

function switches({ wanted, stable, seen }: About): string {
  const instead = isReleasing(seen) ? ` instead of ${stable}` : '';
  return `All requests go to ${wanted}${instead}.`;
}

function back({ stable, view }: About): string {
  const { actualWeight } = view;
  const from = actualWeight ? `: canary ${actualWeight} % → 0 %` : '';
  return `${capital(stable)} serves all requests${from}.`;
}

function podsOfStable({ view }: About): string | undefined {
  const sets = view.revisions.flatMap(({ replicaSets }) => replicaSets);
  const set = sets.find(({ podHash }) => podHash === view.stableHash);
  if (set === undefined) return undefined;
  const wanted = view.replicas.desired;
  const { available } = set;
  if (available >= wanted) return `It has the ${countText(wanted, 'pod')} that it needs.`;
  const there = `${available} ${available === 1 ? 'is' : 'are'} available`;
  return `It needs ${countText(wanted, 'pod')}, of which ${there}.`;
}

function ended({ seen, wanted }: About): string | undefined {
  return isReleasing(seen) && !seen.aborted ? `The update to ${wanted} ends.` : undefined;
}

function starts({ view, seen }: About, what: string): string {
  const first = view.steps?.[0];
  return first ? `${what}, with step 1 of ${seen.stepCount}: ${first.text}.` : `${what}.`;
}

function aboutOf(seen: Seen, view: RolloutView): About {
  const stableRevision = view.revisions.find(({ replicaSets }) =>
    replicaSets.some(({ podHash }) => podHash === view.stableHash),
  )?.revision;
  return {
    seen,
    view,
    wanted: revisionText(view, seen.revision),
    stable: stableRevision === undefined ? 'the stable one' : revisionText(view, stableRevision),
  };
}

function revisionText({ revisions }: RolloutView, revision: number): string {
  const images = revisions.find((each) => each.revision === revision)?.replicaSets[0]?.images ?? [];
  const tags = [...new Set(images.map(tagOf))].filter((tag) => tag !== '');
  return `revision ${revision}${tags.length === 1 ? ` (${tags[0]})` : ''}`;
}

/** What tells one version of an image from another; '' where nothing does. */
function tagOf(image: string): string {
  const [name = '', digest] = image.split('@');
  const tag = /:([^/:]+)$/.exec(name)?.[1];
  return tag ?? digest?.replace(/^sha256:/, '').slice(0, 12) ?? '';
}
