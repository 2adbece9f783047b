import type { Expect } from '../commands/accept.ts';
import type { Command } from '../model/intent.ts';
import type { RolloutKey } from '../model/key.ts';
import { type Millis, minuteMs, toIso } from '../model/units.ts';
import { type CiEvent, longSlug, shown } from './event.ts';
import { filledHash, filledImage, fits } from './ruleText.ts';
import type { HookRule, HookSettings } from './settings.ts';

/** Older news is not acted on: another version may have been released since. */
const eventAgeMaxMs: Millis = 60 * minuteMs;

/** What came of one rule, for whoever looks at the delivery. */
export type Line = {
  /** Counted from 1, as people count. */
  rule: number;
  result: 'done' | 'stored' | 'refused' | 'nothing' | 'later';
  says: string;
  /** Where the command can be asked after. */
  command?: string;
};

/** A command that a rule asks for. */
export type Planned = {
  rule: number;
  key: RolloutKey;
  command: Command;
  reason: string;
  expect?: Expect;
};

export type HookPlan = { commands: Planned[]; lines: Line[] };

/** What the rules of a hook make of an event: pure, so that the same delivery means the same. */
export function planOf({ rules }: HookSettings, event: CiEvent, now: Millis): HookPlan {
  const plan: HookPlan = { commands: [], lines: [] };
  for (const [index, each] of rules.entries()) {
    const rule = index + 1;
    const why =
      isTooOld(event, now) ?? differs(each, event) ?? event.outsider ?? unproven(each, event);
    const made = why === undefined ? commandOf(each, event) : { fault: why };
    if ('fault' in made) plan.lines.push({ rule, result: 'nothing', says: made.fault });
    else plan.commands.push({ rule, ...made });
  }
  return plan;
}

export function isTooOld({ at }: Pick<CiEvent, 'at'>, now: Millis): string | undefined {
  if (now - at <= eventAgeMaxMs) return undefined;
  return `it happened at ${toIso(at)}, too long ago to act on at ${toIso(now)}`;
}

/** In what the event is not what the rule is for. */
function differs({ when }: HookRule, event: CiEvent): string | undefined {
  const { project, workflows, job, branch, tag, claimed, status, said, what } = event;
  const is = (name: string, asked: string | undefined, given: string | undefined) =>
    `it is for ${name} ${asked ?? 'none'}, and this is ${given === undefined ? 'none' : shown(given)}`;
  const slug = longSlug(when.project).toLowerCase();
  if (when.project !== project.id && slug !== project.slug.toLowerCase()) {
    return is('project', when.project, project.slug);
  }
  if (!workflows.includes(when.workflow)) return is('workflow', when.workflow, workflows[0]);
  if (when.job !== job) {
    return when.job === undefined
      ? `it is for the workflow as a whole, and this is ${what}`
      : is('job', when.job, job);
  }
  for (const [name, asked, given] of [
    ['branch', when.branch, branch ?? claimed?.name],
    ['tag', when.tag, tag ?? claimed?.name],
  ] as const) {
    if (asked !== undefined && (given === undefined || !fits(asked, given))) {
      return is(name, asked, given);
    }
  }
  return when.status === status ? undefined : is('status', when.status, said);
}

/** A rule for a branch is not for a tag of its name, nor the other way round. */
function unproven({ when }: HookRule, { branch, tag, claimed }: CiEvent): string | undefined {
  if ((when.branch === undefined ? tag : branch) !== undefined || !claimed) return undefined;
  return claimed.fault;
}

function commandOf(
  { when, do: wanted }: HookRule,
  event: CiEvent,
): Omit<Planned, 'rule'> | { fault: string } {
  const expect: Expect = {};
  if (wanted.expect?.image !== undefined) {
    const image = filledImage(wanted.expect.image, event.values);
    if ('fault' in image) return image;
    expect.image = image.text;
  }
  if (wanted.expect?.podHash !== undefined) {
    const hash = filledHash(wanted.expect.podHash, event.values);
    if ('fault' in hash) return hash;
    expect.podHash = hash.text;
  }
  const command = verbOf(wanted, event);
  if ('fault' in command) return command;
  const ran = when.job === undefined ? when.workflow : `${when.workflow}/${when.job}`;
  return {
    key: { cluster: wanted.cluster, namespace: wanted.namespace, name: wanted.rollout },
    command,
    reason: `${ran}: ${shown(event.said)}`,
    ...(Object.keys(expect).length === 0 ? {} : { expect }),
  };
}

function verbOf(wanted: HookRule['do'], event: CiEvent): Command | { fault: string } {
  if (wanted.action === 'image') {
    const image = filledImage(wanted.image, event.values);
    if ('fault' in image) return image;
    return { verb: 'image', container: wanted.container, image: image.text };
  }
  if (wanted.action === 'promote') {
    const { full, skipCurrentStep } = wanted;
    return { verb: 'promote', ...(full && { full }), ...(skipCurrentStep && { skipCurrentStep }) };
  }
  return { verb: wanted.action };
}
