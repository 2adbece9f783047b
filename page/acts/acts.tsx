import './acts.css';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Rollout } from '../api/answers.ts';
import type { Polled } from '../api/usePoll.ts';
import { useKeys } from '../parts/keys.ts';
import { ActDialog } from './dialog.tsx';
import { fits, type Offer, offersOf } from './offers.ts';

type Props = {
  view: Rollout;
  poll: Polled<Rollout>;
  acted: () => void;
  /** What a link asks for; it opens a dialog, and does nothing else. */
  asked: { revision: number | undefined; ask: string | undefined };
};

/** Always in the same place, whatever the phase. */
const first = ['promote', 'retry', 'pause', 'resume'];

export function Acts({ view, poll, acted, asked }: Props) {
  const offers = offersOf(view);
  const [open, setOpen] = useState<string>();
  const [note, setNote] = useState<string>();
  const find = (id: string): Offer | undefined => offers.find((offer) => offer.id === id);
  const start = (id: string): void => {
    const offer = find(id);
    if (offer !== undefined && fits(offer)) setOpen(id);
  };
  useLink(asked, view, offers, start, setNote);
  useKeys({ p: () => start('promote'), a: () => start('abort'), u: () => start('undo') });
  if (offers.length === 0) return <p class="quiet">You may look at this rollout, and no more.</p>;
  const abort = find('abort');
  const bar = first.flatMap((id) => find(id) ?? []).filter(isInBar);
  const rest = offers.filter((offer) => offer !== abort && !bar.includes(offer));
  const opened = open === undefined ? undefined : find(open);
  return (
    <>
      {note !== undefined && (
        <p class="strip" role="alert">
          {note}
        </p>
      )}
      <div class="acts" role="toolbar" aria-label="What can be done">
        {bar.map((offer) => (
          <OfferButton
            key={offer.id}
            offer={offer}
            start={start}
            kind={offer.id === 'promote' ? 'go' : 'other'}
          />
        ))}
        <Menu offers={rest} narrow={bar.filter(({ id }) => id !== 'promote')} start={start} />
        {abort !== undefined && <OfferButton offer={abort} start={start} kind="stop" />}
      </div>
      {opened !== undefined && (
        <ActDialog
          offer={opened}
          view={view}
          poll={poll}
          acted={acted}
          close={() => setOpen(undefined)}
        />
      )}
    </>
  );
}

/** Promote stands there even when nothing waits for it; of the others only those that make sense. */
function isInBar(offer: Offer): boolean {
  return offer.id === 'promote' || (offer.said?.fits ?? offer.id === 'pause');
}

function OfferButton({
  offer,
  start,
  kind,
}: {
  offer: Offer;
  start: (id: string) => void;
  kind: string;
}) {
  const { id, label, said } = offer;
  const isOff = !fits(offer);
  return (
    <button
      type="button"
      class={kind}
      aria-disabled={isOff}
      title={isOff ? said?.whyNot : undefined}
      onClick={() => start(id)}
    >
      {label}…{isOff && <span class="visually-hidden"> (not now: {said?.whyNot})</span>}
    </button>
  );
}

type MenuProps = {
  offers: Offer[];
  /** What has no room in the bar of a phone. */
  narrow: Offer[];
  start: (id: string) => void;
};

function Menu({ offers, narrow, start }: MenuProps) {
  const details = useRef<HTMLDetailsElement>(null);
  const close = () => details.current?.removeAttribute('open');
  const choose = (offer: Offer) => {
    if (!fits(offer)) return;
    close();
    start(offer.id);
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== 'Escape') return;
    close();
    details.current?.querySelector('summary')?.focus();
  };
  return (
    <details class="menu" ref={details} onKeyDown={onKey}>
      <summary>
        More <span aria-hidden="true">▾</span>
      </summary>
      <ul>
        {[...narrow, ...offers].map((offer) => (
          <li key={offer.id} class={narrow.includes(offer) ? 'narrow' : ''}>
            <button type="button" aria-disabled={!fits(offer)} onClick={() => choose(offer)}>
              {offer.label}…{!fits(offer) && <span class="small why">{offer.said?.whyNot}</span>}
            </button>
          </li>
        ))}
      </ul>
    </details>
  );
}

/** A link may open a dialog, once, and only about what it was written for. */
function useLink(
  { revision, ask }: Props['asked'],
  view: Rollout,
  offers: Offer[],
  start: (id: string) => void,
  note: (text: string) => void,
): void {
  const isDone = useRef(false);
  useEffect(() => {
    if (isDone.current || ask === undefined) return;
    isDone.current = true;
    if (revision !== undefined && revision !== view.revision) {
      note(`The link was about revision ${revision}; ${view.revision} is running.`);
      return;
    }
    const offer = offers.find(({ id }) => id === ask);
    if (offer === undefined) return;
    if (fits(offer)) start(ask);
    else note(`${offer.label} is not possible now: ${offer.said?.whyNot ?? ''}`);
  });
}
