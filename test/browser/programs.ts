import { type ExecFileSyncOptions, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

// The browser that the tests look with: Debian's own, which is installed where it is missing.

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Where it is; undefined where there is none. SERIN_CHROMIUM names another. */
export function chromium(): string | undefined {
  return [process.env.SERIN_CHROMIUM ?? '', ...places].find((path) => existsSync(path));
}

function install(): void {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    throw new Error(
      'There is no Chromium, and only root can install one with apt-get. Install one, or name one with ' +
        'SERIN_CHROMIUM.',
    );
  }
  process.stdout.write('installing chromium …\n');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const options: ExecFileSyncOptions = { env, stdio: ['ignore', 'ignore', 'inherit'] };
  execFileSync('apt-get', ['update', '-qq'], options);
  execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'], options);
  if (chromium() === undefined) throw new Error('apt-get installed no chromium');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href && chromium() === undefined) {
  install();
}
