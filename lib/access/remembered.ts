import { createHash } from 'node:crypto';
import type { Principal } from '../model/caller.ts';
import type { Policies, Question } from './policies.ts';

/** Decisions that are kept; with more they are all made again. Each takes some 250 bytes. */
const decisionsMax = 50_000;

/**
 * The same decisions, of which each is made once. A list asks for every rollout whether it may be read, again
 * every few seconds, and Cedar takes half a millisecond for an answer. What it decides follows from the
 * question alone, and the policies stay as they are. `known`: where they are kept; nothing in it is longer
 * for what a caller brings.
 */
export function remembered(
  policies: Policies,
  text: string,
  known = new Map<string, boolean>(),
): Policies {
  const byNamespace = !mayNameRollouts(text);
  const seen = claimsSeen(text);
  const names = new WeakMap<Principal, string>();
  return (question) => {
    const { principal } = question.caller;
    const who = names.get(principal) ?? nameOf(principal, seen);
    names.set(principal, who);
    const asked = `${who} ${questionText(question, byNamespace)}`;
    const before = known.get(asked);
    if (before !== undefined) return { allows: before, errors: [] };
    const answer = policies(question);
    // What went wrong is to be told each time.
    if (answer.errors.length > 0) return answer;
    if (known.size >= decisionsMax) known.clear();
    known.set(asked, answer.allows);
    return answer;
  };
}

/** Of what policies can tell callers apart by: the next token of the same caller is no stranger. */
function nameOf({ kind, id, groups, claims }: Principal, seen: Seen): string {
  const all = Object.entries(claims);
  // Cedar refuses half a sign, wherever it is.
  const isText = all.flat().every((each) => each.isWellFormed());
  const counts = kind === 'identity' && isText && seen !== 'all';
  const those = counts ? all.filter(([name]) => seen.has(name)) : all;
  const whole = JSON.stringify([kind, id, groups, those.sort(byName)]);
  return createHash('sha256').update(whole).digest('base64url');
}

function byName([a]: [string, string], [b]: [string, string]): number {
  return a < b ? -1 : 1;
}

type Seen = ReadonlySet<string> | 'all';

/** The claims that policies ask for; all of them where one may be asked for otherwise than by its name. */
function claimsSeen(text: string): Seen {
  const named = [...text.matchAll(/\b(?:get|has)Tag\s*\(\s*"([^"\\]*)"\s*\)/g)];
  const all = text.match(/Tag/g) ?? [];
  if (named.length < all.length || text.includes('\\')) return 'all';
  return new Set(named.map(([, name = '']) => name));
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
