import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import type { CommandAnswer } from '../../lib/api/answers.ts';
import type { Rollout } from '../../lib/model/argo.generated.ts';
import type { LedgerEntry } from '../../lib/model/record.ts';
import { durationSeconds, humanDuration, secondMs } from '../../lib/model/units.ts';
import type { RolloutView } from '../../lib/model/view.ts';
import type { Embedded } from '../../server/embedded.ts';
import { apiPath, type Client, makeClient } from '../client.ts';
import { speed } from '../dev/command.ts';
import { CliError, exitCodes } from '../exit.ts';
import { reasonLines } from '../explain/command.ts';
import { exactSpan, ledgerLines } from '../history/ledger.ts';
import { action, type Call, type Cli, type Io } from '../io.ts';
import { bodyOf, looks } from '../look.ts';
import { readExample } from '../manifest.ts';
import { pages } from '../pages.ts';
import { plain } from '../text.ts';
import { rolloutTree } from '../tree.ts';

type Options = { speed: number };

/** The whole demo: a release that takes longer than this has gone wrong. */
const timeoutMs = 55 * secondMs;
const paceMs = 100;
/** So that the pause can be seen to wait for somebody. */
const hesitationMs = 1500;
const image = 'front-api:new-tag';

export function addDemo(program: Command, cli: Cli): void {
  program
    .command('demo')
    .helpGroup('Try it:')
    .summary('watch a release from beginning to end, in a few seconds')
    .description(
      'Releases a new image of an example on a simulated cluster, faster than real: the canary, the ' +
        'pause, the promote over HTTP, the timed pauses, and then the ledger. The exit code is 0 only ' +
        'if it ended Healthy and every timed pause was kept for as long as it was asked for.',
    )
    .option('--speed <n>', 'how many times faster than real time', speed, 10)
    .addHelpText('after', '\nExamples:\n  serin demo\n  serin demo --speed 3')
    .action(action<Options>(cli, demo));
}

type Stage = { io: Io; client: Client; path: string; last: { shown: string } };

async function demo({ options, io: outer }: Call<Options>) {
  const stop = AbortSignal.any([outer.stop, AbortSignal.timeout(timeoutMs)]);
  const io: Io = { ...outer, stop };
  const objects = await readExample('default');
  const [rollout] = objects.Rollout;
  if (rollout === undefined) throw new Error('the example holds no Rollout');
  const { startEmbedded } = await import('../../server/embedded.ts');
  const log = (level: string, message: string) =>
    level === 'error' ? io.warn(`serin: ${message}`) : undefined;
  const embedded = await startEmbedded({ speed: options.speed, port: 0, log });
  try {
    io.say(
      `A release on a simulated cluster, ${options.speed} times as fast as real. The API is at`,
    );
    io.say(`${embedded.server}, and what is asked of it below goes over HTTP.`);
    embedded.apply(objects);
    return await play(stageOf(embedded, rollout, io), rollout);
  } catch (error) {
    if (!stop.aborted || outer.stop.aborted) throw error;
    throw new CliError(`the demo is not over after ${humanDuration(timeoutMs)}`, {
      exitCode: exitCodes.timeout,
      hint: 'Is the machine very busy? A lower --speed asks less of it, a higher one ends sooner.',
    });
  } finally {
    await embedded.close();
  }
}

function stageOf({ server, token, cluster }: Embedded, { metadata }: Rollout, io: Io): Stage {
  const { namespace = 'default', name = '' } = metadata ?? {};
  const client = makeClient({ server, token, cluster, namespace, output: 'text' }, io);
  const path = apiPath({ cluster, namespace, name });
  return { io, client, path, last: { shown: '' } };
}

async function play(stage: Stage, rollout: Rollout) {
  const { io } = stage;
  const container = rollout.spec?.template?.spec?.containers?.[0]?.name ?? '';
  await showUntil(stage, ({ phase }) => phase === 'Healthy');
  await command(stage, 'image', { container, image, reason: 'sprint 12' });
  const paused = await showUntil(stage, ({ phase }) => phase === 'Paused');
  io.say('');
  for (const line of reasonLines(paused.reasons, paused.observedAt)) io.say(line);
  await delay(hesitationMs, undefined, { signal: io.stop });
  const expect = { revision: paused.revision, stepIndex: paused.step?.index };
  await command(stage, 'promote', { reason: 'the error rate is fine', expect });
  await showUntil(stage, ({ phase }) => phase === 'Healthy' || phase === 'Degraded');
  return report(stage, rollout);
}

/** Shows each phase and step it passes through. */
async function showUntil(
  { client, path, io, last }: Stage,
  isReached: (view: RolloutView) => boolean,
): Promise<RolloutView> {
  for await (const { view, now } of looks(client, path, { ...io, paceMs })) {
    const shown = [view.revision, view.phase, view.step?.index].join();
    if (shown !== last.shown) {
      io.say('');
      io.say(rolloutTree(view, now, io.colour));
    }
    last.shown = shown;
    if (isReached(view)) return view;
  }
  io.stop.throwIfAborted();
  throw new Error('the looks ended');
}

async function command({ client, path, io }: Stage, verb: string, body: object): Promise<void> {
  io.say('');
  io.say(`POST ${path}/${verb} ${JSON.stringify(body)}`);
  const answer = await client.post<CommandAnswer>(`${path}/${verb}`, body);
  const { actor, outcome } = bodyOf(answer);
  const said = outcome === undefined ? 'accepted' : plain(outcome.detail);
  io.say(`${answer.status} by ${actor.name} (${actor.proof}): ${said}`);
}

async function report({ client, path, io }: Stage, rollout: Rollout) {
  const { items } = await pages<LedgerEntry>(client, `${path}/history`, 200);
  const entries = items.reverse();
  io.say('');
  io.say('The ledger:');
  for (const line of ledgerLines(entries)) io.say(`  ${line}`);
  const view = bodyOf(await client.get<RolloutView>(path));
  const kept = entries.flatMap(({ pause }) => (pause === undefined ? [] : [pause]));
  io.say('');
  io.say('Timed pauses:');
  for (const { askedMs, keptMs } of kept) {
    const fate = keptMs >= askedMs ? 'kept' : 'TOO SHORT';
    io.say(`  asked for ${exactSpan(askedMs)}, kept for ${exactSpan(keptMs)}: ${fate}`);
  }
  const asked = timedPauses(rollout);
  const isKept =
    asked.length === kept.length &&
    kept.every(({ askedMs, keptMs }, index) => askedMs === asked[index] && keptMs >= askedMs);
  const isHealthy = view.phase === 'Healthy' && view.images.some((each) => each.image === image);
  const took = humanDuration((entries.at(-1)?.at ?? 0) - (entries[0]?.at ?? 0));
  io.say('');
  io.say(`It ended ${view.phase} with ${image}, after ${took} of the cluster's time.`);
  if (isHealthy && isKept) {
    const serin = io.env.npm_command === undefined ? 'serin' : 'npx serin';
    io.say(
      `The same in a browser: \`${serin} dev\` here, then \`${serin} open front-api\` in another terminal.`,
    );
    return exitCodes.ok;
  }
  throw new CliError('the demo did not end as it should', {
    exitCode: exitCodes.refused,
    hint: 'The lines above show where it went another way. Please report it.',
  });
}

function timedPauses(rollout: Rollout): number[] {
  const steps = rollout.spec?.strategy?.canary?.steps ?? [];
  return steps.flatMap(({ pause }) =>
    pause?.duration === undefined ? [] : [durationSeconds(pause.duration) * secondMs],
  );
}
