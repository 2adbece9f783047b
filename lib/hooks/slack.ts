import type { Ask } from '../api/call.ts';
import { readBytes } from '../api/http.ts';
import { ProblemError, problem } from '../api/problem.ts';
import type { Expect } from '../commands/accept.ts';
import { kubectlFor } from '../commands/kubectl.ts';
import { refusalText } from '../commands/refusal.ts';
import { type SubmitDeps, type Submitted, submit } from '../commands/submit.ts';
import { Terminal, Transient } from '../errors.ts';
import type { Caller } from '../model/caller.ts';
import { defined } from '../model/defined.ts';
import { keyText, type RolloutKey } from '../model/key.ts';
import type { Channel } from '../model/notification.ts';
import { type Millis, secondMs } from '../model/units.ts';
import { concerns } from '../notify/notification.ts';
import { shown } from './event.ts';
import type { Remembered } from './sender.ts';
import { type Click, readClick } from './slackPayload.ts';
import { type Clickable, isClickable, requireSlack } from './slackSender.ts';

// Clicks on the buttons of messages in Slack: docs/adr/0107-buttons-in-slack.md

/** The last part of the address. A hook of the settings may not be called so where there are buttons. */
export const slackHook = 'slack';

/** A click comes with its message, of which that is far more than Slack takes. */
export const slackBytesMax = 256 * 1024;

/** Slack waits for 3 s in all. A command that takes longer is in the table, and goes on. */
const waitMs: Millis = 1.5 * secondMs;

/** What it takes to act for whoever clicks. */
export type SlackDeps = {
  channels: () => Promise<readonly Channel[]>;
  /** Reads a signing secret. */
  value: Remembered;
  /** Why this caller may not do this; undefined if they may. Rejects as the settings and the table do. */
  mayNot: (ask: Ask) => Promise<string | undefined>;
  /** Tells whoever clicked, and nobody else. `url`: the click's own. */
  reply: (url: string, text: string) => Promise<void>;
};

type Deps = SubmitDeps & { slack: SlackDeps };

/** Answers one request of Slack; undefined where no channel has buttons. */
export async function receiveSlack(deps: Deps, request: Request): Promise<Response | undefined> {
  const { slack, world } = deps;
  const channels = (await slack.channels()).filter(isClickable);
  if (channels.length === 0) return undefined;
  if (request.method !== 'POST') {
    throw failed('method-not-allowed', 'Deliver with POST.', { allow: ['POST'] });
  }
  const body = await readBytes(request, slackBytesMax);
  if (body === undefined) {
    throw failed('too-large', `Nothing was done. The body is larger than ${slackBytesMax} bytes.`);
  }
  const { headers } = request;
  const ofApp = await requireSlack({ value: slack.value, world }, channels, { headers, body });
  const read = readClick(body);
  if ('fault' in read) throw failed('invalid', `Nothing was done. ${read.fault}.`);
  if ('ignored' in read) return taken();
  const { click } = read;
  const here = ofApp.filter(isFrom(click));
  if (here.length === 0) {
    const { team, channel } = click;
    world.log('warn', 'a click came from elsewhere', { team, channel, user: click.user.id });
    throw failed('forbidden', 'Nothing was done. The settings have no such channel with buttons.');
  }
  const says = await saidTo(deps, here, click);
  await slack.reply(click.responseUrl, says).catch((error: unknown) => {
    world.log('warn', 'whoever clicked in Slack could not be told', { says, error });
  });
  return taken();
}

/** Anything in it would be shown. */
function taken(): Response {
  return new Response(null, { status: 200, headers: { 'cache-control': 'no-store' } });
}

function isFrom({ team, channel }: Click): (each: Clickable) => boolean {
  return ({ slack }) => slack.team === team && slack.channel === channel;
}

/** What came of it, for whoever clicked. */
async function saidTo(deps: Deps, here: Clickable[], click: Click): Promise<string> {
  const { cluster, namespace, rollout: name } = click.button;
  const key = { cluster, namespace, name };
  if (click.user.team !== click.team) {
    return 'Nothing was done: people of another workspace may read this channel, and do nothing here.';
  }
  const concerned = here.filter((channel) => concerns(channel, { ...key, rollout: name }));
  if (concerned.length === 0) {
    return `Nothing was done: this channel is not told of rollout ${name}, by the settings of Serin.`;
  }
  const caller = callerOf(click, concerned);
  const { actor } = caller;
  const told = { actor: actor.name, action: click.verb, rollout: keyText(key) };
  try {
    const why = await objectionTo(deps.slack, { caller, key, verb: click.verb });
    if (why !== undefined) {
      deps.world.log('info', 'a click was forbidden', told);
      return `Nothing was done: ${actor.name} may not do this: ${why}`;
    }
    const says = wordsOf(click, await submit(deps, { ...asked(click), key, actor, waitMs }));
    deps.world.log('info', 'a click came', { ...told, says });
    return says;
  } catch (error) {
    if (!(error instanceof Transient || error instanceof Terminal)) throw error;
    deps.world.log('error', 'a click could not be judged', { ...told, error });
    const same = kubectlFor({ verb: click.verb }, key);
    return `Nothing was done: Serin's table or settings cannot be used now. This does the same: ${same}`;
  }
}

/** Who clicked, for the policies and the ledger. A name can be changed, and an id cannot. */
function callerOf({ user }: Click, concerned: Clickable[]): Caller {
  const id = `${user.team}/${user.id}`;
  const groups = [...new Set(concerned.flatMap(({ slack }) => slack.groups ?? []))];
  const name = user.name === '' ? '' : ` (${shown(user.name)})`;
  return {
    actor: { name: `slack:${id}${name}`, proof: 'verified' },
    principal: { kind: 'slack', id, groups, claims: { team: user.team, user: user.id } },
  };
}

/** As the API has it: what comes of a command tells of the rollout. */
async function objectionTo(
  { mayNot }: SlackDeps,
  { caller, key, verb }: { caller: Caller; key: RolloutKey; verb: Click['verb'] },
): Promise<string | undefined> {
  return (
    (await mayNot({ caller, action: verb, on: key })) ??
    (await mayNot({ caller, action: 'read', on: key }))
  );
}

/** The command, and how the release must stand: as the message said. An abort is of all its steps. */
function asked({ verb, button, channel, at }: Click) {
  const { revision, podHash, stepIndex } = button;
  const expect: Expect = {
    ...{ revision, podHash },
    ...(verb === 'promote' && defined({ stepIndex })),
  };
  return { command: { verb }, expect, idempotencyKey: `slack ${channel} ${at}` };
}

function wordsOf({ verb, button }: Click, submitted: Submitted): string {
  const what = `${verb} of ${button.rollout}`;
  if ('refused' in submitted) return `${what}: ${refusalText(submitted.refused)}`;
  const { outcome } = submitted.accepted.intent;
  if (outcome === undefined) return `${what}: it is stored, and will be carried out.`;
  return `${what}: ${outcome.detail}`;
}

function failed(...given: Parameters<typeof problem>): ProblemError {
  return new ProblemError(problem(...given));
}
