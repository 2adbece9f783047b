import { secretOf } from '../../../model/httpRequest.ts';
import { own } from '../../../model/own.ts';
import type { Answers, Need, SecretRead } from '../../../model/reads.ts';

// The Secrets in which providers' credentials lie. Argo's controller reads them in its own namespace, and so
// does Serin: docs/adr/0062-secrets-of-measurements.md

/** argo v1.10.1 utils/defaults/defaults.go */
export const controllerNamespace = 'argo-rollouts';

export type Place = { namespace: string; name: string };
/** By key, of those that are there. */
export type Texts = Readonly<Record<string, string | undefined>>;

function readsOf({ namespace, name }: Place, keys: readonly string[]): [string, SecretRead][] {
  return keys.map((key) => [key, { secret: secretOf(namespace, { name, key }) }]);
}

/** A secret that cannot be read now is read later. */
export function secretNeeds(place: Place, keys: readonly string[]): Need[] {
  return readsOf(place, keys).map(([, read]) => ({ read, bears: 'lasting' }));
}

/** Undefined while one is not answered. `error`: why the Secret cannot be read, or is not there. */
export function secretTexts(
  place: Place,
  keys: readonly string[],
  answers: Answers,
): { texts: Texts } | { error: string } | undefined {
  const answered = readsOf(place, keys).map(([key, read]) => [key, answers.secret(read)] as const);
  const texts = new Map<string, string>();
  let error: string | undefined;
  for (const [key, answer] of answered) {
    if (answer === undefined) return undefined;
    if ('ok' in answer) texts.set(key, answer.ok);
    else if ('missing' in answer) error ??= `secrets "${place.name}" not found`;
    else if (!isWithoutKey(answer.failed)) error ??= answer.failed;
  }
  if (texts.size === 0 && error !== undefined) return { error };
  return { texts: Object.fromEntries(texts) };
}

/** It is there, without that key, which may be one that nobody has to give. */
function isWithoutKey(failed: string): boolean {
  return /^key '.*' does not exist in secret/.test(failed);
}

/** Once a Secret is read: what is measured with it. */
export function withSecret<T>(
  found: { texts: Texts } | { error: string } | undefined,
  then: (texts: Texts) => T,
): T | { error: string } | undefined {
  if (found === undefined || 'error' in found) return found;
  return then(found.texts);
}

/** Without the credentials that it was asked with, should a server have said them again. */
export function hidden<T>(measured: T, texts: Texts, names: readonly string[]): T {
  const secrets = names.flatMap((name) => own(texts, name) || []);
  const hide = (value: unknown): unknown => {
    if (typeof value !== 'string') return value;
    return secrets.reduce((rest, secret) => rest.replaceAll(secret, '*****'), value);
  };
  if (typeof measured !== 'object' || measured === null) return measured;
  const entries = Object.entries(measured).map(([key, value]) =>
    key === 'value' || key === 'error' || key === 'message' ? [key, hide(value)] : [key, value],
  );
  return Object.fromEntries(entries) as T;
}
