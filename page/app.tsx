import { useEffect, useState } from 'preact/hooks';
import { rolloutAddress } from './addresses.ts';
import { startSession } from './api/signIn.ts';
import { useSession } from './api/useSession.ts';
import { FleetScreen } from './fleet/screen.tsx';
import { KeyList } from './parts/keyList.tsx';
import { Skew } from './parts/skew.tsx';
import { useTitle } from './parts/title.ts';
import { RolloutScreen } from './rollout/screen.tsx';
import { usePlace } from './router.ts';
import { SignedOut } from './signedOut.tsx';

export function App() {
  const place = usePlace();
  const who = useSession();
  const [wasIn, setWasIn] = useState(false);
  useEffect(() => void startSession(), []);
  useEffect(() => {
    if (who.state !== 'starting') setWasIn((was) => who.state === 'in' || (was && !who.left));
  }, [who]);
  if (who.state === 'starting') return null;
  // Whoever is signed out in the middle of something keeps it before their eyes.
  if (who.state === 'out' && (!wasIn || who.left)) {
    return (
      <main id="main">
        <h1>Serin</h1>
        <SignedOut why={who.why} />
      </main>
    );
  }
  return (
    <>
      <a class="skip" href="#main">
        To the content
      </a>
      {who.state === 'out' && <SignedOut why={who.why} />}
      <Skew />
      <Screen place={place} />
      <KeyList />
    </>
  );
}

function Screen({ place }: { place: ReturnType<typeof usePlace> }) {
  switch (place.screen) {
    case 'fleet':
      return <FleetScreen filter={place.filter} />;
    case 'rollout':
      return (
        <RolloutScreen
          key={rolloutAddress(place.key)}
          at={place.key}
          revision={place.revision}
          ask={place.ask}
        />
      );
    case 'signedIn':
      return null;
    case 'unknown':
      return <Unknown />;
  }
}

function Unknown() {
  useTitle('Nothing here');
  return (
    <main id="main">
      <h1>There is nothing at this address</h1>
      <p>
        <a href="/">All rollouts</a>
      </p>
    </main>
  );
}
