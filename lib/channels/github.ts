import { defined } from '../model/defined.ts';
import type { NotificationKind } from '../model/notification.ts';
import { clipped } from '../model/text.ts';
import { json, parsed, type Sender, type Sending, taken } from './channel.ts';
import { placeOf, titleOf } from './texts.ts';

type State = { deployment: string; commit: string };

const states: Partial<Record<NotificationKind, State>> = {
  begun: { deployment: 'in_progress', commit: 'pending' },
  paused: { deployment: 'in_progress', commit: 'pending' },
  promoted: { deployment: 'in_progress', commit: 'pending' },
  held: { deployment: 'in_progress', commit: 'pending' },
  aborted: { deployment: 'failure', commit: 'failure' },
  degraded: { deployment: 'failure', commit: 'failure' },
  completed: { deployment: 'success', commit: 'success' },
};
/** Of a description, in both APIs. */
const descriptionMax = 140;

/**
 * The status of a deployment, which is made where there is none of that commit yet, and that of the commit.
 * The tag of an image says which commit it is: `web:3f786850e387550fdab836ed7e6dc881de23001b`, or
 * `web:sha-3f78685`.
 */
export const github: Sender<'github'> = async (way, sending) => {
  const { notification } = sending;
  const state = states[notification.kind];
  const ref = commitIn(notification.images);
  if (!state) return { skipped: 'GitHub has no status for this' };
  if (ref === undefined) return { skipped: 'no image has a tag that names a commit' };
  const call = caller(way, sending, await sending.value(way.token));
  const sha = ref.length === 40 ? ref : await call.text(`commits/${ref}`);
  const description = clipped(`${titleOf(notification)}: ${notification.text}`, descriptionMax);
  const { environment = notification.cluster } = way;
  const context = `serin: ${placeOf(notification)}`;
  const deployment = await deploymentOf(call, { sha, environment, notification });
  const { link } = notification;
  const of = {
    ...{ state: state.deployment, environment, description, auto_inactive: true },
    ...defined({ log_url: link }),
  };
  await call.post(`deployments/${deployment}/statuses`, of);
  await call.post(`statuses/${sha}`, {
    ...{ state: state.commit, context, description },
    ...defined({ target_url: link }),
  });
  return {};
};

/** The commit that the tag of an image names, the first of them. */
function commitIn(images: string[] = []): string | undefined {
  const tags = images.flatMap((image) => {
    const [, tag] = /:([\w.-]+)$/.exec(image.replace(/@.*$/, '')) ?? [];
    return tag === undefined ? [] : [tag];
  });
  const commits = tags.map((tag) => /(?:^|[._-]g?)([0-9a-f]{7,40})$/.exec(tag)?.[1]);
  return commits.find((commit) => commit !== undefined);
}

type Call = {
  first: (path: string) => Promise<Made | undefined>;
  text: (path: string) => Promise<string>;
  post: (path: string, input: object) => Promise<Made>;
};
type Made = { id?: number };

function caller(
  { repository, api = 'https://api.github.com' }: { repository: string; api?: string },
  { request }: Sending,
  token: string,
): Call {
  const headers = {
    Accept: 'application/vnd.github+json',
    Authorization: `Bearer ${token.trim()}`,
    'X-GitHub-Api-Version': '2022-11-28',
  };
  const urlOf = (path: string) => `${api.replace(/\/$/, '')}/repos/${repository}/${path}`;
  return {
    first: async (path) => {
      const answer = await request({ method: 'GET', url: urlOf(path), headers });
      return (parsed<Made[]>(taken(answer)) as Made[])[0];
    },
    text: async (path) => {
      const accept = { ...headers, Accept: 'application/vnd.github.sha' };
      const answer = await request({ method: 'GET', url: urlOf(path), headers: accept });
      return taken(answer).body.trim();
    },
    post: async (path, input) => {
      const { headers: type, body } = json(input);
      const answer = await request({ url: urlOf(path), headers: { ...headers, ...type }, body });
      return parsed<Made>(taken(answer));
    },
  };
}

/** That of this rollout and commit: a second try finds the one that the first has made. */
async function deploymentOf(
  call: Call,
  {
    sha,
    environment,
    notification,
  }: { sha: string; environment: string; notification: Sending['notification'] },
): Promise<number | undefined> {
  const { namespace, rollout, revision } = notification;
  const task = `serin:${namespace}/${rollout}:${revision}`;
  const query = new URLSearchParams({ sha, environment, task, per_page: '1' });
  const known = await call.first(`deployments?${query}`);
  if (known) return known.id;
  const made = await call.post('deployments', {
    ...{ ref: sha, task, environment, auto_merge: false, required_contexts: [] },
    description: clipped(placeOf(notification), descriptionMax),
  });
  return made.id;
}
