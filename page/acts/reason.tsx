import type { Offer } from './offers.ts';

const lengthMax = 1000;
const quick: Record<string, string[]> = {
  abort: ['error rate', 'latency', 'wrong image'],
  promote: ['looks good'],
};

type Props = { offer: Offer; value: string; change: (reason: string) => void };

export function Reason({ offer, value, change }: Props) {
  return (
    <div class="field">
      <label for="reason">Why?{offer.needsReason ? '' : ' (may be left empty)'}</label>
      <div class="quick">
        {(quick[offer.id] ?? []).map((each) => (
          <button
            key={each}
            type="button"
            aria-pressed={value === each}
            onClick={() => change(each)}
          >
            {each}
          </button>
        ))}
      </div>
      <input
        id="reason"
        value={value}
        maxLength={lengthMax}
        autocomplete="off"
        onInput={({ currentTarget }) => change(currentTarget.value)}
      />
    </div>
  );
}
