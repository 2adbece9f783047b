import type { ReplicaSetView, RevisionView } from '../../lib/model/view.ts';
import { phaseSigns, podSign } from '../../lib/view/words.ts';
import type { Rollout } from '../api/answers.ts';
import { Sign } from '../parts/sign.tsx';
import { spoken } from '../parts/spoken.ts';

/** The versions that have pods, each with how many are ready. */
export function Pods({ view, now }: { view: Rollout; now: number }) {
  const shown = view.revisions.filter(({ replicaSets }) =>
    replicaSets.some(({ current, desired }) => current + desired > 0),
  );
  return (
    <section aria-labelledby="pods">
      <h2 id="pods">Pods by version</h2>
      <ul class="versions">
        {shown.flatMap(({ revision, replicaSets }) =>
          replicaSets.map((set) => <Version key={set.name} revision={revision} set={set} />),
        )}
      </ul>
      <details>
        <summary>All revisions, as a tree</summary>
        <ul class="tree">
          {view.revisions.map((each) => (
            <Revision key={each.revision} revision={each} now={now} />
          ))}
        </ul>
      </details>
    </section>
  );
}

const signsMax = 40;

function Version({ revision, set }: { revision: number; set: ReplicaSetView }) {
  const { roles, available, desired, current } = set;
  const all = Math.max(desired, current);
  const signs = all > signsMax ? [] : Array.from({ length: all }, (_, index) => index < available);
  const role = roles.includes('canary') || roles.includes('preview') ? 'canary' : 'stable';
  return (
    <li class={`version of-${role}`}>
      <span class="nowrap">
        <strong>Revision {revision}</strong> {roles.join(', ')}
      </span>
      <span class="signs" aria-hidden="true">
        {signs.map((isReady, index) => (
          <Sign key={index} name={isReady ? 'ok' : 'progressing'} />
        ))}
      </span>
      <span>
        {available} of {desired} ready
      </span>
      <code class="quiet small">{set.images.join(', ')}</code>
    </li>
  );
}

function Revision({
  revision: { revision, replicaSets, analysisRuns = [], experiments = [] },
  now,
}: {
  revision: RevisionView;
  now: number;
}) {
  return (
    <li>
      # revision {revision}
      <ul>
        {replicaSets.map((set) => (
          <li key={set.name}>
            <Sign name={phaseSigns[set.status]} /> <code>{set.name}</code> {set.status}{' '}
            <span class="quiet small">
              {spoken(now - set.createdAt)} {set.roles.join(', ')}
            </span>
            <ul>
              {(set.pods ?? []).map((pod) => (
                <li key={pod.name}>
                  <Sign name={podSign(pod.status)} /> <code>{pod.name}</code> {pod.status}, ready{' '}
                  {pod.ready}
                  {pod.restarts > 0 && `, ${pod.restarts} restarts`}
                </li>
              ))}
            </ul>
          </li>
        ))}
        {[...experiments, ...analysisRuns].map(({ name, status, message }) => (
          <li key={name}>
            <code>{name}</code> {status} <span class="quiet">{message}</span>
          </li>
        ))}
      </ul>
    </li>
  );
}
