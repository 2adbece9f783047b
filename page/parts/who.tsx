import { useMe } from '../api/me.ts';
import { type SignedIn, session } from '../api/session.ts';

/** Who is signed in, and the way out. Whoever has the token of this machine is not told. */
export function Who() {
  const who = session();
  if (who.state !== 'in' || who.signOut === undefined) return null;
  return <Named who={who} />;
}

function Named({ who }: { who: SignedIn }) {
  const me = useMe();
  return (
    <span class="who small">
      <span class="quiet">{me?.name}</span>{' '}
      <button type="button" onClick={() => void who.signOut?.()}>
        Sign out
      </button>
    </span>
  );
}
