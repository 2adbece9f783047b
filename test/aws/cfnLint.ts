import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const version = '1.58.0';

/** Checks CloudFormation templates; installed outside the tree, so that it is there the next time. */
export async function cfnLint(): Promise<{ python: string; script: string }> {
  const folder = join(homedir(), '.cache', 'serin', `cfn-lint-${version}`);
  const at = { python: join(folder, 'bin', 'python'), script: join(folder, 'bin', 'cfn-lint') };
  if (existsSync(at.script)) return at;
  await run('python3', ['-m', 'venv', '--clear', folder]);
  await run(at.python, ['-m', 'pip', 'install', '--quiet', `cfn-lint==${version}`]);
  return at;
}
