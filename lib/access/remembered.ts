import type { Principal } from '../model/caller.ts';
import type { Policies, Question } from './policies.ts';

/** Decisions that are kept; with more they are all made again. Each takes some 150 bytes. */
const decisionsMax = 50_000;

/**
 * The same decisions, of which each is made once. A list asks for every rollout whether it may be read, again
 * every few seconds, and Cedar takes half a millisecond for an answer. What it decides follows from the
 * question alone, and the policies stay as they are.
 */
export function remembered(policies: Policies, text: string): Policies {
  const byNamespace = !mayNameRollouts(text);
  const known = new Map<string, Map<string, boolean>>();
  const who = new WeakMap<Principal, Map<string, boolean>>();
  let decisions = 0;
  const decisionsFor = (principal: Principal): Map<string, boolean> => {
    const { kind, id, groups, claims } = principal;
    const name = JSON.stringify([kind, id, groups, claims]);
    const its = known.get(name) ?? new Map();
    known.set(name, its);
    who.set(principal, its);
    return its;
  };
  return (question) => {
    const { principal } = question.caller;
    const asked = questionText(question, byNamespace);
    const before = (who.get(principal) ?? decisionsFor(principal)).get(asked);
    if (before !== undefined) return { allows: before, errors: [] };
    const answer = policies(question);
    // What went wrong is to be told each time.
    if (answer.errors.length > 0) return answer;
    if (decisions >= decisionsMax) {
      for (const its of known.values()) its.clear();
      decisions = 0;
    }
    decisions += 1;
    decisionsFor(principal).set(asked, answer.allows);
    return answer;
  };
}

/**
 * Whether one rollout of a namespace may be decided otherwise than another. Nothing in a policy can do that
 * without these words; an escape could hide one.
 */
function mayNameRollouts(text: string): boolean {
  return /\bRollout\b|\bname\b|\\/.test(text);
}

function questionText({ action, on }: Question, byNamespace: boolean): string {
  const { cluster, namespace, name } = on;
  if (name === undefined) return `${action} ${cluster}/${namespace}`;
  return `${action} ${cluster}/${namespace}/${byNamespace ? '*' : name}`;
}
