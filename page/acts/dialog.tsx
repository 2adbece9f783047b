import { useEffect, useRef, useState } from 'preact/hooks';
import type { CommandAnswer } from '../../lib/api/answers.ts';
import type { Act } from '../../lib/model/act.ts';
import type { Problem, Rollout } from '../api/answers.ts';
import type { Failure } from '../api/client.ts';
import { serverNow } from '../api/clock.ts';
import { useMe } from '../api/me.ts';
import { noteDraft, takeDraft } from '../api/signIn.ts';
import type { Polled } from '../api/usePoll.ts';
import { useSession } from '../api/useSession.ts';
import { spoken } from '../parts/spoken.ts';
import { At, useNow } from '../parts/time.tsx';
import { SignedOut } from '../signedOut.tsx';
import { Fields, type FieldValues, fieldsOf, saidOf } from './fields.tsx';
import type { Offer } from './offers.ts';
import { Reason } from './reason.tsx';
import { type Expect, submit } from './submit.ts';

type Props = {
  offer: Offer;
  view: Rollout;
  poll: Polled<Rollout>;
  acted: () => void;
  close: () => void;
};

type Progress =
  | { state: 'asking' }
  | { state: 'sent'; at: number; answer?: CommandAnswer }
  | { state: 'over'; at: number; answer: CommandAnswer }
  | { state: 'failed'; failure: Failure };

/** A tap that came with the opening, or with the page's coming into sight, is not meant for the button. */
const guardMs = 400;

/** One dialog for every act: what it will do, why, and then what became of it. */
export function ActDialog({ offer, view, poll, acted, close }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const title = useRef<HTMLHeadingElement>(null);
  const [progress, setProgress] = useState<Progress>({ state: 'asking' });
  const [reason, setReason] = useState(() => takeDraft(offer.id, view.revision) ?? '');
  const [values, setValues] = useState<FieldValues>({});
  // What the person sees while deciding; what comes later is another decision.
  const [seen, setSeen] = useState(() => expectOf(offer, view));
  const key = useRef({ of: '', is: '' });
  const isGuarded = useGuard();
  const now = useNow();
  const who = useSession();
  useEffect(() => noteDraft({ id: offer.id, revision: seen.revision, reason }));
  useEffect(() => {
    dialog.current?.showModal();
    // Not a field: on a phone its keyboard would come up over the buttons.
    title.current?.focus();
    return () => noteDraft(undefined);
  }, []);
  const lack = lackOf(offer, reason, values, poll);
  const send = async (): Promise<void> => {
    if (isGuarded() || lack !== undefined || progress.state === 'sent') return;
    const fields = fieldsOf(offer, values);
    // The same again is the same command, however often it is sent.
    const of = JSON.stringify([offer.id, seen, reason, fields]);
    if (key.current.of !== of) key.current = { of, is: crypto.randomUUID() };
    const at = serverNow();
    setProgress({ state: 'sent', at });
    const request = {
      key: view,
      offer,
      expect: seen,
      reason,
      fields,
      idempotencyKey: key.current.is,
    };
    try {
      const answer = await submit(request, (open) =>
        setProgress({ state: 'sent', at, answer: open }),
      );
      setProgress({ state: 'over', at, answer });
    } catch (failure) {
      setProgress({ state: 'failed', failure: failure as Failure });
    }
    acted();
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === 'Enter' && event.ctrlKey) void send();
  };
  const isOver = progress.state === 'over' || progress.state === 'sent';
  return (
    <dialog ref={dialog} class="act" aria-labelledby="act-title" onClose={close} onKeyDown={onKey}>
      <h2 id="act-title" ref={title} tabIndex={-1}>
        {offer.label} {view.name} in {view.cluster} / {view.namespace}?
      </h2>
      {who.state === 'out' && <SignedOut why={who.why} />}
      {!isOver && (
        <>
          <Does said={saidOf(offer, values)} />
          <Fields offer={offer} view={view} values={values} change={setValues} />
          <Reason offer={offer} value={reason} change={setReason} />
          <Who poll={poll} />
        </>
      )}
      <div role="status">
        <Outcome progress={progress} now={now} />
      </div>
      {progress.state === 'failed' && (
        <Differs
          problem={progress.failure.problem}
          view={view}
          offer={offer}
          again={() => {
            setSeen(expectOf(offer, view));
            setProgress({ state: 'asking' });
          }}
        />
      )}
      <Buttons
        {...{ offer, lack, isOver, revision: seen.revision }}
        send={() => void send()}
        close={() => dialog.current?.close()}
      />
    </dialog>
  );
}

function expectOf({ verb }: Offer, { revision, step }: Rollout): Expect {
  const isStep = verb === 'promote' && step !== undefined;
  return { revision, ...(isStep && { stepIndex: step.index }) };
}

/** What is missing before it can be sent. */
function lackOf(
  offer: Offer,
  reason: string,
  values: FieldValues,
  poll: Polled<Rollout>,
): string | undefined {
  if (!navigator.onLine) return 'This device is offline.';
  if (offer.takes === 'image' && !values.image) return 'An image is missing.';
  if (offer.needsReason && reason.trim() === '') return 'A reason is missing.';
  // To stop is right whatever has happened since; to go on is not.
  if (offer.verb === 'promote' && poll.failure !== undefined)
    return 'This needs a fresh look first.';
  return undefined;
}

function useGuard(): () => boolean {
  const since = useRef(performance.now());
  useEffect(() => {
    const restart = () => {
      since.current = performance.now();
    };
    restart();
    document.addEventListener('visibilitychange', restart);
    return () => document.removeEventListener('visibilitychange', restart);
  }, []);
  return () => performance.now() - since.current < guardMs;
}

function Does({ said }: { said: Act | undefined }) {
  if (said === undefined || said.does.length === 0) return null;
  return (
    <ul class="does">
      {said.does.map((line) => (
        <li key={line}>{line}</li>
      ))}
    </ul>
  );
}

function Who({ poll }: { poll: Polled<Rollout> }) {
  useNow();
  const me = useMe();
  const heard = poll.heardAt === undefined ? '' : ` Seen ${spoken(Date.now() - poll.heardAt)} ago.`;
  return (
    <p class="quiet small">
      {me !== undefined && `You are ${me.name}.`}
      {heard} It will be in the ledger.
    </p>
  );
}

function Outcome({ progress, now }: { progress: Progress; now: number }) {
  if (progress.state === 'asking') return null;
  if (progress.state === 'failed') {
    const { failure } = progress;
    return (
      <p class="failed">
        {failure.problem !== undefined && <strong>{failure.problem.title}. </strong>}
        {failure.message}
      </p>
    );
  }
  const { at, answer } = progress;
  const outcome = progress.state === 'over' ? answer?.outcome : undefined;
  return (
    <p>
      Asked <At at={at} now={now} />{' '}
      {outcome === undefined ? (
        '… waiting for what becomes of it.'
      ) : (
        <>
          … {outcome.result === 'done' ? 'carried out' : outcome.result}{' '}
          <At at={outcome.at} now={now} />: <strong>{outcome.detail}</strong>
        </>
      )}
    </p>
  );
}

type DiffersProps = {
  problem: Problem | undefined;
  view: Rollout;
  offer: Offer;
  again: () => void;
};

/** What was expected and what is, and the way to decide anew. */
function Differs({ problem, view, offer, again }: DiffersProps) {
  const mismatches = problem?.mismatches ?? [];
  if (problem?.status === 403 || problem === undefined) return null;
  return (
    <>
      {mismatches.length > 0 && (
        <table>
          <thead>
            <tr>
              <th scope="col">What</th>
              <th scope="col">You saw</th>
              <th scope="col">Now</th>
            </tr>
          </thead>
          <tbody>
            {mismatches.map(({ field, expected, actual }) => (
              <tr key={field}>
                <th scope="row">{field}</th>
                <td>{expected}</td>
                <td>{String(actual)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <p>
        <button type="button" onClick={again}>
          {offer.label} revision {view.revision} instead
        </button>
      </p>
    </>
  );
}

type ButtonsProps = {
  offer: Offer;
  lack: string | undefined;
  isOver: boolean;
  revision: number;
  send: () => void;
  close: () => void;
};

function Buttons({ offer, lack, isOver, revision, send, close }: ButtonsProps) {
  return (
    <div class="buttons">
      <button type="button" onClick={close}>
        {isOver ? 'Close' : offer.isStop ? 'Keep going' : 'Not now'}
      </button>
      {!isOver && (
        <button
          type="button"
          class={offer.isStop ? 'stop' : 'go'}
          aria-disabled={lack !== undefined}
          aria-describedby="act-lack"
          onClick={send}
        >
          {offer.label} {offer.takes === undefined && `revision ${revision}`}
        </button>
      )}
      <span id="act-lack" class="small quiet">
        {isOver ? '' : lack}
      </span>
    </div>
  );
}
