import { useEffect, useState } from 'preact/hooks';
import { type Config, readConfig } from './config.ts';

/** Says how to get in. */
export function SignedOut({ why }: { why: string | undefined }) {
  const [config, setConfig] = useState<Config>();
  useEffect(() => void readConfig().then(setConfig), []);
  if (config === undefined) return null;
  return (
    <div class="strip" role="alert">
      <p>
        {why === undefined ? '' : `You are signed out: ${why} `}
        This Serin runs on your own machine: open the address that <code>serin dev</code> or{' '}
        <code>serin run</code> has printed, or type <code>serin open</code>.
      </p>
    </div>
  );
}
