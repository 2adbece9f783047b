import type { HttpAnswer } from '../../../model/httpRequest.ts';
import type { Answers, HttpRead, Need } from '../../../model/reads.ts';
import {
  hidden,
  type Place,
  secretNeeds,
  secretTexts,
  type Texts,
  withSecret,
} from './credentials.ts';
import { answered, httpNeeds } from './http.ts';
import type { Asked, Measured, MetricProvider } from './provider.ts';

// The turn of a provider that asks one server one question, with or without a Secret.

/** What is asked, or why nothing can be. */
export type Question = HttpRead | { error: string };
type Turn = Pick<MetricProvider, 'needs' | 'measured'>;

export function asksServer(
  questionOf: (asked: Asked) => Question,
  measuredIn: (answer: HttpAnswer) => Measured,
): Turn {
  return {
    needs: (asked) => {
      const question = questionOf(asked);
      return 'error' in question ? [] : httpNeeds(question);
    },
    measured: (asked, answers) => measuredBy(questionOf(asked), answers, measuredIn),
  };
}

function measuredBy(
  question: Question,
  answers: Answers,
  measuredIn: (answer: HttpAnswer) => Measured,
): Measured | undefined {
  if ('error' in question) return question;
  const answer = answered(question, answers);
  if (answer === undefined || 'error' in answer) return answer;
  return measuredIn(answer.ok);
}

type WithSecret = {
  /** Where its credentials lie, or what is wrong with where they are said to. */
  placeOf: (asked: Asked) => Place | { error: string };
  keysOf: (asked: Asked) => readonly string[];
  /** Those of the keys that no answer is to show. */
  hiddenOf: (asked: Asked) => readonly string[];
  questionOf: (asked: Asked, texts: Texts) => Question;
  measuredIn: (answer: HttpAnswer, asked: Asked) => Measured;
};

export function asksWithSecret(provider: WithSecret): Turn {
  const { placeOf, keysOf, hiddenOf, questionOf, measuredIn } = provider;
  return {
    needs: (asked, answers): Need[] => {
      const place = placeOf(asked);
      if ('error' in place) return [];
      const found = secretTexts(place, keysOf(asked), answers);
      const question = withSecret(found, (texts) => questionOf(asked, texts));
      const isAsked = question !== undefined && 'http' in question;
      return [...secretNeeds(place, keysOf(asked)), ...(isAsked ? httpNeeds(question) : [])];
    },
    measured: (asked, answers) => {
      const place = placeOf(asked);
      if ('error' in place) return place;
      const found = secretTexts(place, keysOf(asked), answers);
      return withSecret(found, (texts) => {
        const measure = (answer: HttpAnswer): Measured =>
          hidden(measuredIn(answer, asked), texts, hiddenOf(asked));
        return measuredBy(questionOf(asked, texts), answers, measure);
      });
    },
  };
}
