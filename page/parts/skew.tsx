import { useEffect, useState } from 'preact/hooks';
import { fetchConfig, version } from '../config.ts';

const everyMs = 5 * 60_000;

/** Says when the server is of another version than the page, which may then be wrong about it. */
export function Skew() {
  const [server, setServer] = useState<string>();
  useEffect(() => {
    const look = () => {
      if (document.visibilityState === 'hidden') return;
      // What cannot be had says nothing of a version.
      void fetchConfig().then((config) => !config.isMissing && setServer(config.version));
    };
    look();
    const timer = setInterval(look, everyMs);
    document.addEventListener('visibilitychange', look);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', look);
    };
  }, []);
  if (server === undefined || server === version) return null;
  return (
    <div class="strip" role="status">
      <p>
        Serin is now version {server}; this page is of version {version}.
      </p>
      <button type="button" onClick={() => location.reload()}>
        Load the page again
      </button>
    </div>
  );
}
