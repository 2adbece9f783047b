import { Terminal } from '../errors.ts';
import type { LabelSelector, LabelSelectorRequirement } from '../model/argo.generated.ts';
import { own } from '../model/own.ts';
import type { SelectorText } from '../world.ts';

export type Labels = Record<string, string>;

/** Whether an object with these labels is selected; a selector without terms selects all. */
export function selects(selector: LabelSelector, labels: Labels): boolean {
  const equal = Object.entries(selector.matchLabels ?? {});
  return (
    equal.every(([key, value]) => own(labels, key) === value) &&
    (selector.matchExpressions ?? []).every((term) => meets(term, labels))
  );
}

/** Reads `app=web,tier in (a,b),!canary`. Rejects with Terminal what the API server refuses. */
export function parseSelector(text: SelectorText): LabelSelector {
  const terms = termsOf(text).map((term) => term.trim());
  return { matchExpressions: terms.filter((term) => term !== '').map(parseTerm) };
}

/** Commas part the terms, but not inside the parentheses of a set. */
function termsOf(text: string): string[] {
  const terms: string[] = [];
  let start = 0;
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '(') depth += 1;
    if (text[at] === ')') depth -= 1;
    if (text[at] !== ',' || depth > 0) continue;
    terms.push(text.slice(start, at));
    start = at + 1;
  }
  return [...terms, text.slice(start)];
}

const key = String.raw`[A-Za-z0-9](?:[\w./-]*[A-Za-z0-9])?`;
const value = String.raw`(?:[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)?`;
const equality = new RegExp(`^(${key})\\s*(==?|!=)\\s*(${value})$`);
const membership = new RegExp(`^(${key})\\s+(in|notin)\\s*\\(([^()]*)\\)$`);
const presence = new RegExp(`^(!?)\\s*(${key})$`);

function parseTerm(text: string): LabelSelectorRequirement {
  const equal = equality.exec(text);
  if (equal !== null) {
    const [, name = '', operator, wanted = ''] = equal;
    return { key: name, operator: operator === '!=' ? 'NotIn' : 'In', values: [wanted] };
  }
  const member = membership.exec(text);
  if (member !== null) {
    const [, name = '', operator, list = ''] = member;
    const values = list.split(',').map((item) => item.trim());
    return { key: name, operator: operator === 'in' ? 'In' : 'NotIn', values };
  }
  const present = presence.exec(text);
  if (present !== null) {
    const [, not, name = ''] = present;
    return { key: name, operator: not === '!' ? 'DoesNotExist' : 'Exists' };
  }
  throw new Terminal(`unable to parse requirement: ${JSON.stringify(text)}`);
}

function meets(term: LabelSelectorRequirement, labels: Labels): boolean {
  const actual = own(labels, term.key);
  switch (term.operator) {
    case 'In':
      return actual !== undefined && (term.values ?? []).includes(actual);
    case 'NotIn':
      return actual === undefined || !(term.values ?? []).includes(actual);
    case 'Exists':
      return actual !== undefined;
    case 'DoesNotExist':
      return actual === undefined;
    default:
      throw new Terminal(`${JSON.stringify(term.operator)} is not a valid label selector operator`);
  }
}
