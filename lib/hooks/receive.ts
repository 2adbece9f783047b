import { createHash } from 'node:crypto';
import { readBytes } from '../api/http.ts';
import { type Problem, ProblemError, problem } from '../api/problem.ts';
import { answer, problemAnswer } from '../api/respond.ts';
import { Conflict, Terminal, Transient } from '../errors.ts';
import type { Millis } from '../model/units.ts';
import { readCircleci } from './circleci.ts';
import { type DeliverDeps, deliver } from './deliver.ts';
import { type HookKind, type Push, type Read, shortLength, shown } from './event.ts';
import { readGeneric } from './generic.ts';
import { readGithub } from './github.ts';
import { notePush, withProof } from './pushes.ts';
import { requireSender, type SenderDeps } from './sender.ts';
import type { HookSettings } from './settings.ts';
import { receiveSlack, type SlackDeps, slackHook } from './slack.ts';

/**
 * Far above what a run of a pipeline is told in. A push of GitHub lists up to 2048 commits with their files:
 * whatever of that a function can be sent is taken.
 */
const bodyBytesMax: Record<HookKind, number> = {
  circleci: 1024 * 1024,
  github: 6 * 1024 * 1024,
  hmac: 1024 * 1024,
};

export type HookDeps = DeliverDeps &
  SenderDeps & {
    /** The hooks of the settings, as they are now. */
    hooks: () => Promise<readonly HookSettings[]>;
    /** Clicks in Slack, where they are taken. */
    slack?: SlackDeps;
  };

/** Answers one delivery: who sent it is known before anything of its body is read. */
export async function receive(deps: HookDeps, request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  try {
    return await answered(deps, request, pathname);
  } catch (error) {
    return problemAnswer(problemOf(error, deps), pathname);
  }
}

async function answered(deps: HookDeps, request: Request, path: string): Promise<Response> {
  const id = /^\/v1\/hooks\/([a-z0-9-]{1,63})$/.exec(path)?.[1];
  const hook = id === undefined ? undefined : (await deps.hooks()).find((each) => each.id === id);
  if (hook === undefined) {
    const { slack } = deps;
    const clicked = id === slackHook && slack && (await receiveSlack({ ...deps, slack }, request));
    if (clicked) return clicked;
    throw failed(
      'not-found',
      'There is no hook at this address. The settings name those there are.',
    );
  }
  if (request.method !== 'POST') {
    throw failed('method-not-allowed', 'Deliver with POST.', { allow: ['POST'] });
  }
  const body = await readBytes(request, bodyBytesMax[hook.kind]);
  if (body === undefined) throw failed('too-large', tooLarge(hook.kind));
  const sender = await requireSender(deps, hook, { headers: request.headers, body });
  const read = readEvent(hook, parsed(request.headers, body), sender.at);
  if ('fault' in read) throw failed('invalid', `Nothing was done. ${read.fault}.`);
  if ('ignored' in read) return answer({ hook: hook.id, says: read.ignored, rules: [] });
  if ('push' in read) return await noted(deps, hook, read.push);
  const digest = createHash('sha256').update(body).digest('hex');
  const { claimed } = read.event;
  const event =
    claimed === undefined ? read.event : await withProof(deps.world, hook.id, read.event);
  const delivered = await deliver(deps, hook, { event, digest });
  const told = { hook: hook.id, delivery: digest, actor: event.actor };
  if ('later' in delivered) {
    const { later, lines, afterSeconds } = delivered;
    const rules = lines === undefined ? {} : { rules: lines };
    throw failed('unavailable', later, { ...told, ...rules, retryAfterSeconds: afterSeconds });
  }
  const { lines: rules, repeated } = delivered;
  deps.world.log('info', 'a delivery came', { ...told, rules, repeated });
  return answer({ ...told, ...(repeated && { repeated }), rules });
}

function tooLarge(kind: HookKind): string {
  const said = `Nothing was done. The body is larger than ${bodyBytesMax[kind]} bytes`;
  const instead = "do by the CLI what the hook's rules would have done";
  if (kind !== 'github') return `${said}, and would be again: ${instead}.`;
  return (
    `${said}. If it is of a push, the runs of its commit will do nothing, and to redeliver it does ` +
    `not help: push another commit, which will be told in less, or ${instead}.`
  );
}

async function noted({ world }: HookDeps, { id }: HookSettings, push: Push): Promise<Response> {
  await notePush(world, id, push);
  const { revision, ref } = push;
  const what =
    revision === undefined
      ? `${shown(ref)} was deleted`
      : `${revision.slice(0, shortLength)} was pushed to ${shown(ref)}`;
  return answer({ hook: id, says: `It is noted that ${what}.`, rules: [] });
}

function parsed(headers: Headers, body: Uint8Array): unknown {
  const type = headers.get('content-type') ?? 'missing';
  if (!/^application\/json\s*(?:;.*)?$/i.test(type)) {
    const detail = `The Content-Type is ${type}. Set the webhook to send application/json.`;
    throw failed('unsupported-media-type', detail);
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    throw failed('invalid', 'Nothing was done. The body is not JSON in UTF-8.');
  }
}

function readEvent({ kind }: HookSettings, body: unknown, at: Millis = 0): Read {
  switch (kind) {
    case 'circleci':
      return readCircleci(body);
    case 'github':
      return readGithub(body);
    case 'hmac':
      return readGeneric(body, at);
  }
}

function failed(...given: Parameters<typeof problem>): ProblemError {
  return new ProblemError(problem(...given));
}

function problemOf(error: unknown, { world, newId }: HookDeps): Problem {
  if (error instanceof ProblemError) return error.problem;
  if (error instanceof Transient || error instanceof Terminal || error instanceof Conflict) {
    world.log('error', 'a delivery could not be stored', { error });
    const detail = "Serin's table or settings cannot be used now. Deliver it again later.";
    return problem('unavailable', detail, { retryAfterSeconds: 5 });
  }
  const incident = newId();
  world.log('error', 'a hook failed', { incident, error });
  const detail = `This should not have happened. It is in Serin's log as incident ${incident}.`;
  return problem('bug', detail, { incident });
}
