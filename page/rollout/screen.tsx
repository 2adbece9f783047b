import './rollout.css';
import { useState } from 'preact/hooks';
import { Acts } from '../acts/acts.tsx';
import { fleetAddress, type Key, rolloutPath } from '../addresses.ts';
import type { Rollout } from '../api/answers.ts';
import { serverNow } from '../api/clock.ts';
import { type Polled, usePoll } from '../api/usePoll.ts';
import { Live, Stale } from '../parts/live.tsx';
import { Phase } from '../parts/sign.tsx';
import { useNow } from '../parts/time.tsx';
import { useTitle } from '../parts/title.ts';
import { Waiting } from '../parts/waiting.tsx';
import { Who } from '../parts/who.tsx';
import { Analysis } from './analysis.tsx';
import { Coming } from './coming.tsx';
import { Ledger } from './ledger.tsx';
import { measuringPaceOf, paceOf } from './pace.ts';
import { Pods } from './pods.tsx';
import { Reasons } from './reasons.tsx';
import { Steps } from './steps.tsx';
import { Weights } from './weights.tsx';
import { WeightsOverTime } from './weightsOverTime.tsx';
import { hasRunning, useWhole } from './whole.ts';

type Props = { at: Key; revision?: number | undefined; ask?: string | undefined };

/** One rollout, in the order in which somebody on call asks. */
export function RolloutScreen({ at, revision, ask }: Props) {
  const [actedAt, setActedAt] = useState<number>();
  const path = rolloutPath(at);
  const pace = (view: Rollout | undefined) => paceOf(view, serverNow(), actedAt);
  const poll = usePoll<Rollout>(path, pace, `${path}?fresh=true`);
  const isMeasuring = hasRunning(poll.value);
  // Measurements are read from the cluster, which takes a function of its own: about once for each of them.
  const measured = usePoll<Rollout>(isMeasuring ? `${path}?fresh=true` : undefined, (look) =>
    measuringPaceOf(look, serverNow()),
  );
  const view = useWhole(poll.value, measured.value);
  useTitle(view === undefined ? at.name : `${view.phase}: ${at.name}`);
  const acted = () => {
    setActedAt(serverNow());
    poll.wake();
  };
  return (
    <main id="main">
      <header class="where">
        <nav aria-label="Where this is">
          <a href={fleetAddress()}>All rollouts</a>
          <span class="quiet">
            {' '}
            / {at.cluster} / {at.namespace}
          </span>
        </nav>
        <Live poll={poll} />
        <Who />
      </header>
      <h1 tabIndex={-1}>{at.name}</h1>
      <Stale poll={poll} wake={poll.wake} />
      {view === undefined ? (
        <Waiting what={at.name} poll={poll} wake={poll.wake} />
      ) : (
        <Shown view={view} poll={poll} acted={acted} asked={{ revision, ask }} />
      )}
    </main>
  );
}

type ShownProps = {
  view: Rollout;
  poll: Polled<Rollout>;
  acted: () => void;
  asked: { revision: number | undefined; ask: string | undefined };
};

function Shown({ view, poll, acted, asked }: ShownProps) {
  const now = useNow();
  const isGone = poll.failure?.status === 404;
  return (
    <>
      {isGone && (
        <p class="strip" role="status">
          This rollout is gone from the cluster. Below is how it was seen last.
        </p>
      )}
      <div class="now">
        <Phase phase={view.phase} />
        {view.message !== '' && <span class="quiet small">{view.message}</span>}
      </div>
      <Announce view={view} />
      <Reasons view={view} now={now} />
      <Acts view={view} poll={poll} acted={acted} asked={asked} />
      <Hit view={view} />
      <Images view={view} />
      <div class="columns">
        <div>
          <Steps view={view} now={now} />
          <Coming view={view} now={now} />
        </div>
        <div>
          <Weights view={view} />
          <WeightsOverTime view={view} now={now} />
        </div>
      </div>
      <Analysis view={view} now={now} />
      <Pods view={view} now={now} />
      <Ledger view={view} now={now} />
    </>
  );
}

/** Told to who does not see: the phase and the step when they change, not each look. */
function Announce({ view: { name, phase, step } }: { view: Rollout }) {
  const where = step === undefined ? '' : `, ${step.index} of ${step.count} steps done`;
  return (
    <p class="visually-hidden" role="status">
      {name}: {phase}
      {where}
    </p>
  );
}

/** Who is hit: how much of the requests, and how many pods. */
function Hit({ view }: { view: Rollout }) {
  const { actualWeight, setWeight, replicas, step } = view;
  const isUnderWay = step !== undefined && step.index < step.count;
  return (
    <dl class="hit">
      {isUnderWay && actualWeight !== undefined && (
        <div>
          <dt>Canary</dt>
          <dd>
            {actualWeight} %
            {setWeight !== actualWeight && <span class="quiet small"> of {setWeight} % asked</span>}
          </dd>
        </div>
      )}
      <div>
        <dt>Pods ready</dt>
        <dd>
          {replicas.ready}
          <span class="quiet small"> of {replicas.desired} asked for</span>
        </dd>
      </div>
      <div>
        <dt>Pods of the new version</dt>
        <dd>{replicas.updated}</dd>
      </div>
      <div>
        <dt>Revision</dt>
        <dd>{view.revision}</dd>
      </div>
    </dl>
  );
}

function Images({ view: { images } }: { view: Rollout }) {
  return (
    <ul class="images" aria-label="Images">
      {images.map(({ image, tags }) => (
        <li key={image}>
          <code>{image}</code>
          {tags.length > 0 && <span class="quiet"> {tags.join(', ')}</span>}
        </li>
      ))}
    </ul>
  );
}
