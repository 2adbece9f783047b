import type { StepView } from '../../lib/model/view.ts';
import type { Rollout } from '../api/answers.ts';
import { Sign } from '../parts/sign.tsx';
import { spoken } from '../parts/spoken.ts';
import { At } from '../parts/time.tsx';

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
          {steps.map((each, index) => (
            <Step key={index} step={each} {...{ index, at: step.index, phase: view.phase, now }} />
          ))}
        </ol>
      )}
    </section>
  );
}

const words = { done: 'done', current: 'here', toCome: 'to come' };

type StepProps = { step: StepView; index: number; at: number; phase: string; now: number };

function Step({ step, index, at, phase, now }: StepProps) {
  const { text, begunAt, doneAt } = step;
  const state = index < at ? 'done' : index === at ? 'current' : 'toCome';
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
