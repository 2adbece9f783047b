import { safeReturn } from '../addresses.ts';
import { readConfig } from '../config.ts';
import { go } from '../router.ts';
import { type Draft, hasLeft, localToken, setSession } from './session.ts';

// Who opens the page has the token of this machine, or signs in at the issuer of the settings. What that
// takes is loaded only then.

let draft: Draft | undefined;
let kept: Draft | undefined;

/** Notes what is written in a dialog, so that it outlives a sign-in. */
export function noteDraft(next: Draft | undefined): void {
  draft = next;
}

/** What was written in this dialog before a sign-in, once. */
export function takeDraft(id: string, revision: number): string | undefined {
  const found = kept?.id === id && kept.revision === revision ? kept.reason : undefined;
  if (found !== undefined) kept = undefined;
  return found;
}

/** Finds out who there is; whoever has to sign in leaves the page for that. */
export async function startSession(): Promise<void> {
  const token = localToken();
  if (token !== undefined) return setSession({ state: 'in', token });
  const { signIn, isMissing } = await readConfig();
  if (isMissing) return setSession({ state: 'out', why: 'Serin cannot be reached.' });
  if (signIn === undefined) return setSession({ state: 'out' });
  if (location.pathname === '/signed-in') return await comeBack();
  if (hasLeft()) return setSession({ state: 'out', left: true });
  await signInAgain();
}

/** Sends people to the issuer, and back to where they are, with the dialog that is open. */
export async function signInAgain(): Promise<void> {
  try {
    const [{ signIn }, { beginSignIn }] = await Promise.all([
      readConfig(),
      import('../lazy/signIn.ts'),
    ]);
    if (signIn === undefined) throw new Error('Nothing is set up for signing in.');
    const ask = draft && `?revision=${draft.revision}&ask=${draft.id}`;
    const returnTo = safeReturn(`${location.pathname}${ask ?? location.search}`);
    await beginSignIn(signIn, { returnTo, draft });
  } catch (error) {
    setSession({ state: 'out', why: (error as Error).message });
  }
}

async function comeBack(): Promise<void> {
  const address = new URL(location.href);
  // The code is of no use twice, and the address is seen by others.
  go('/signed-in', { replace: true });
  try {
    const [{ signIn }, { finishSignIn }] = await Promise.all([
      readConfig(),
      import('../lazy/signIn.ts'),
    ]);
    if (signIn === undefined) throw new Error('Nothing is set up for signing in.');
    const back = await finishSignIn(signIn, address);
    kept = back.draft;
    go(back.returnTo, { replace: true });
  } catch (error) {
    const { message, returnTo = '/' } = error as Error & { returnTo?: string };
    go(returnTo, { replace: true });
    setSession({ state: 'out', why: message });
  }
}
