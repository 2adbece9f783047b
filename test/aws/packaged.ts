import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { region } from './services.ts';
import type { Template } from './template.ts';

const run = promisify(execFile);

/** What `osls package` makes, and what it says. */
export type Packaged = {
  folder: string;
  said: string;
  template: Template;
  remove: () => Promise<void>;
};

export async function packageAll(): Promise<Packaged> {
  const folder = await mkdtemp(join(tmpdir(), 'serin-package-'));
  const osls = join('node_modules', '.bin', 'osls');
  // No way out: packaging must ask nobody, and needs no credentials.
  const nowhere = 'http://127.0.0.1:9';
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    AWS_REGION: region,
    AWS_ENDPOINT_URL: nowhere,
  };
  const { stdout, stderr } = await run(process.execPath, [osls, 'package', '--package', folder], {
    env,
  });
  const file = join(folder, 'cloudformation-template-update-stack.json');
  return {
    folder,
    said: `${stdout}${stderr}`,
    template: JSON.parse(await readFile(file, 'utf8')),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
