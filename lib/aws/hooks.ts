import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { messageClient } from '../channels/client.ts';
import { slackReply } from '../channels/slackReply.ts';
import { valuesOf } from '../channels/values.ts';
import { Transient } from '../errors.ts';
import type { HookDeps } from '../hooks/receive.ts';
import { cachedSecrets, rememberedSecrets } from '../hooks/sender.ts';
import { storedHooks } from '../hooks/settings.ts';
import type { SlackDeps } from '../hooks/slack.ts';
import { awsSecrets } from '../measure/account.ts';
import { type Millis, secondMs } from '../model/units.ts';
import { dynamoClient } from '../store/dynamo.ts';
import type { InvokeAnswer, InvokeRequest, World } from '../world.ts';
import { readEnvironment } from './environment.ts';
import { lambdaInvoke } from './invoke.ts';
import { liveChannels } from './messages.ts';
import { ssmSecrets } from './ssm.ts';
import type { Traced } from './tracing.ts';
import { userAgent } from './version.ts';
import { outside } from './world.ts';

/**
 * CircleCI and GitHub give a delivery up after 10 s. A command that takes longer is in the table, and goes
 * on without us.
 */
const invokeMaxMs: Millis = 6 * secondMs;

/** What the webhooks reach: the table, the queue, the reconcile function, the secrets; Slack, to answer. */
export function liveHooks(env: Record<string, string | undefined>, traced?: Traced): HookDeps {
  const environment = readEnvironment(env);
  const base = outside(environment, traced);
  const { clock, store } = base;
  const { invoke } = lambdaInvoke(environment, traced);
  return {
    world: { ...base, invoke: (request) => soon(invoke, request) },
    hooks: storedHooks({ documents: store.documents, clock }),
    secret: cachedSecrets(ssmSecrets(dynamoClient().config, env), clock),
    newId: randomUUID,
    slack: {
      channels: liveChannels(base),
      value: rememberedSecrets(valuesOf(awsSecrets({})), clock),
      mayNot: policiesInTable(base),
      reply: slackReply(messageClient({ openZones: [], clock, userAgent })),
    },
  };
}

/** Policies are loaded with the first click: a webhook has its rules, and need not wait for them. */
function policiesInTable({ store, clock, log }: Pick<World, 'store' | 'clock' | 'log'>) {
  let loaded: Promise<SlackDeps['mayNot']> | undefined;
  const load = async (): Promise<SlackDeps['mayNot']> => {
    const [{ objectionsBy }, { settingsReader }] = await Promise.all([
      import('../access/objections.ts'),
      import('../settings/load.ts'),
    ]);
    const { documents } = store;
    return objectionsBy(log, settingsReader({ documents, clock, log }));
  };
  const mayNot: SlackDeps['mayNot'] = async (ask) => {
    loaded ??= load();
    return await (await loaded)(ask);
  };
  return mayNot;
}

async function soon(
  invoke: (request: InvokeRequest) => Promise<InvokeAnswer>,
  request: InvokeRequest,
): Promise<InvokeAnswer> {
  const ended = new AbortController();
  const late = delay(invokeMaxMs, undefined, { signal: ended.signal }).then(() => {
    throw new Transient('the reconcile function takes longer than the sender waits');
  });
  // The one that loses has nobody left to tell.
  late.catch(() => {});
  const answer = invoke(request);
  answer.catch(() => {});
  return await Promise.race([answer, late]).finally(() => ended.abort());
}
