import { useEffect, useState } from 'preact/hooks';
import { isLocal } from './api/session.ts';
import { signInAgain } from './api/signIn.ts';
import { type Config, readConfig } from './config.ts';

/** Says how to get in. */
export function SignedOut({ why }: { why: string | undefined }) {
  const [config, setConfig] = useState<Config>();
  useEffect(() => void readConfig().then(setConfig), []);
  if (config === undefined) return null;
  return (
    <div class="strip" role="alert">
      <p>
        {why === undefined ? 'You are signed out. ' : `You are signed out: ${why} `}
        {config.signIn === undefined && <HowElse config={config} />}
      </p>
      {config.signIn !== undefined && (
        <button type="button" onClick={() => void signInAgain()}>
          Sign in
        </button>
      )}
    </div>
  );
}

function HowElse({ config }: { config: Config }) {
  if (config.isMissing) return null;
  if (!isLocal()) {
    return (
      <>
        Nothing is set up here for signing in: an administrator adds <code>page</code> to the
        settings.
      </>
    );
  }
  return (
    <>
      This Serin runs on your own machine: open the address that <code>serin dev</code> or{' '}
      <code>serin run</code> has printed, or type <code>serin open</code>.
    </>
  );
}
