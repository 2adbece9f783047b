import type { Rollout, StepView } from '../api/answers.ts';
import { Sign } from '../parts/sign.tsx';
import { At, spoken } from '../parts/time.tsx';

/** The steps, with the one it is at. */
export function Steps({ view, now }: { view: Rollout; now: number }) {
  const { steps, step } = view;
  if (step === undefined) return null;
  return (
    <section aria-labelledby="steps">
      <h2 id="steps">
        Steps{' '}
        <span class="quiet">
          {step.index} of {step.count} done
        </span>
      </h2>
      <progress
        class="visually-hidden"
        max={step.count}
        value={step.index}
        aria-label="Steps done"
      />
      {steps === undefined ? (
        <p>{step.current ?? 'All steps are done.'}</p>
      ) : (
        <ol class="steps">
          {steps.map((each) => (
            <Step key={each.index} step={each} phase={view.phase} now={now} />
          ))}
        </ol>
      )}
    </section>
  );
}

const words = { done: 'done', current: 'here', toCome: 'to come' };

function Step({ step, phase, now }: { step: StepView; phase: string; now: number }) {
  const { index, text, state, begunAt, doneAt } = step;
  const here = phase === 'Paused' ? 'paused' : 'progressing';
  const sign = state === 'done' ? 'ok' : state === 'current' ? here : 'neutral';
  return (
    <li class={`step step-${state}`} aria-current={state === 'current' ? 'step' : undefined}>
      <Sign name={sign} />
      <span class="number">{index + 1}</span>
      <span class="text">{text}</span>
      <span class={state === 'current' ? 'here' : 'visually-hidden'}>{words[state]}</span>
      <span class="quiet small when">
        {doneAt !== undefined && <At at={doneAt} now={now} />}
        {begunAt !== undefined && ` ${spoken((doneAt ?? now) - begunAt)}`}
      </span>
    </li>
  );
}
