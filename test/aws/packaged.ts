import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';
import { osls } from './programs.ts';
import { region } from './services.ts';
import type { Template } from './template.ts';

// What `osls package` makes of serverless.yml and infra/, once for all tests of a run: they read it, and have
// the functions as it deploys them.

/** The folder of the templates, what osls printed, and the template of the stack. */
export type Packaged = { folder: string; said: string; template: Template };

declare module 'vitest' {
  interface ProvidedContext {
    /** With the concurrency that docs/install.md has for production. */
    packaged: Packaged;
    /** With all parameters as they are by default. */
    packagedByDefault: Packaged;
  }
}

/** Vitest's global setup; answers how it is undone. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  // One after the other: both pass through the folder .serverless of the project.
  const reserved = await packageWith('--param', 'concurrency=infra/concurrency/reserved.yml');
  const byDefault = await packageWith();
  project.provide('packaged', reserved);
  project.provide('packagedByDefault', byDefault);
  return async () => {
    for (const { folder } of [reserved, byDefault]) await rm(folder, { recursive: true });
  };
}

async function packageWith(...options: string[]): Promise<Packaged> {
  const folder = await mkdtemp(join(tmpdir(), 'serin-package-'));
  // No way out: packaging must ask nobody, and needs no credentials.
  const nowhere = 'http://127.0.0.1:9';
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    AWS_REGION: region,
    AWS_ENDPOINT_URL: nowhere,
  };
  const args = [await osls(), 'package', '--package', folder, ...options];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { env });
  const file = join(folder, 'cloudformation-template-update-stack.json');
  const template = JSON.parse(await readFile(file, 'utf8'));
  return { folder, said: `${stdout}${stderr}`, template };
}
