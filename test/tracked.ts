import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** The files of the tree that fit the pattern, new ones too: all but what is ignored or deleted. */
export function tracked(pattern: string): string[] {
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--', pattern];
  const listed = execFileSync('git', args, { encoding: 'utf8' }).split('\0');
  return [...new Set(listed)].filter((path) => path !== '' && existsSync(path));
}
