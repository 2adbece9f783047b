import { own } from '../model/own.ts';

// How the ledger's name for a caller is made of claims: `{repository}@{ref}`. `{a|b}` takes the first
// that is there; `{sub/user}` what follows `user/` in a claim that is a path.

const slot = /\{([^{}]+)\}/g;

/** What is wrong with a template; undefined if nothing is. */
export function templateFault(template: string): string | undefined {
  if (!/\{[^{}]+\}/.test(template)) {
    return 'must name a claim in braces, such as {sub}, or all callers have one name';
  }
  return /[{}]/.test(template.replace(slot, '')) ? 'has a brace that is not closed' : undefined;
}

const lengthMax = 300;

/** The name in one line. A claim that is not there is a question mark: what must be there is pinned. */
export function render(template: string, claims: Record<string, unknown>): string {
  const text = template.replace(slot, (_, names: string) => {
    const found = names.split('|').map((name) => claimText(name, claims));
    return found.find((value) => value !== undefined) ?? '?';
  });
  // Claims hold what others chose, such as the name of a branch.
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '').slice(0, lengthMax);
}

function claimText(name: string, claims: Record<string, unknown>): string | undefined {
  const value = own(claims, name);
  if (typeof value === 'string' && value !== '') return value;
  if (typeof value === 'number') return String(value);
  const [, claim = '', step = ''] = /^(\w+)\/(\w+)$/.exec(name) ?? [];
  const whole = own(claims, claim);
  const steps = typeof whole === 'string' ? whole.split('/') : [];
  const at = steps.indexOf(step);
  return at < 0 ? undefined : steps[at + 1];
}
