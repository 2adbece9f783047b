import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

// The module that Traefik is built from: gateways/, and its ACME client without the DNS providers.

const run = promisify(execFile);
const lego = 'github.com/go-acme/lego/v5';

type Go = (folder: string, args: string[]) => Promise<string>;

/** Makes the folder `target` of `source`, unless it is there. */
export async function makeGatewayModule(source: string, target: string, go: Go): Promise<void> {
  if (existsSync(target)) return;
  const unfinished = `${target}.${process.pid}`;
  await mkdir(unfinished, { recursive: true });
  await cp(source, unfinished, { recursive: true });
  const version = (await go(source, ['list', '-m', '-f', '{{.Version}}', lego])).trim();
  const download = await go(source, ['mod', 'download', '-json', `${lego}@${version}`]);
  const { Dir } = JSON.parse(download) as { Dir: string };
  const copy = join(unfinished, 'lego');
  await run('cp', ['-R', Dir, copy]);
  // Go keeps its modules read-only.
  await run('chmod', ['-R', 'u+w', copy]);
  const providers = join(copy, 'providers', 'dns');
  for (const name of await readdir(providers)) {
    if (name.endsWith('.go')) await rm(join(providers, name));
  }
  await cp(join(source, 'dns', 'providers.go'), join(providers, 'providers.go'));
  await rename(unfinished, target);
}
