import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sectionOf } from '../../scripts/changelogText.ts';
import { temporaryFolder } from '../cli/support.ts';

function clone() {
  const folder = temporaryFolder();
  const run = (program: string, ...args: string[]): string =>
    execFileSync(program, args, { cwd: folder, encoding: 'utf8', stdio: 'pipe' });
  const author = ['-c', 'user.name=a', '-c', 'user.email=a@example.com'];
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  const commit = (subject: string, path: string) => {
    write(path, subject);
    run('git', 'add', '.');
    run('git', ...author, 'commit', '-q', '-m', subject, '-m', 'Why.');
  };
  run('git', 'init', '-q');
  write('package.json', '{"version": "1.1.0"}');
  write(
    'CHANGELOG.md',
    '# Changelog\n\n## Unreleased\n\nBy hand.\n\n## 1.0.0 (2026-01-31)\n\nOld.\n',
  );
  commit('What was there before', 'lib/a.ts');
  return {
    ...{ run, commit },
    changelog: (...args: string[]) =>
      run(process.execPath, resolve('scripts/changelog.ts'), ...args),
    file: () => readFileSync(join(folder, 'CHANGELOG.md'), 'utf8'),
  };
}

describe('npm run changelog', () => {
  it('prints what was written by hand, and of the commits since the tag those that users get', () => {
    const { run, commit, changelog } = clone();
    run('git', 'tag', 'v1.0.0');
    commit('A weight is sent once', 'lib/b.ts');
    commit('A test is quicker', 'test/b.test.ts');
    commit('serin get has colours', 'cli/c.ts');
    const hash = (at: string) => run('git', 'log', '-1', '--format=%h', at).trim();
    expect(changelog()).toBe(
      '## Unreleased\n\nBy hand.\n\n### Commits\n\n' +
        `- serin get has colours (${hash('HEAD')})\n- A weight is sent once (${hash('HEAD~2')})\n`,
    );
  });

  it('without a tag, what was written by hand is all', () => {
    expect(clone().changelog()).toBe('## Unreleased\n\nBy hand.\n');
  });

  it('--release makes a section of the version, once, and keeps the older ones', () => {
    const { run, commit, changelog, file } = clone();
    run('git', 'tag', 'v1.0.0');
    commit('A weight is sent once', 'lib/b.ts');
    changelog('--release');
    expect(file()).toMatch(/^# Changelog\n\n## Unreleased\n\n## 1\.1\.0 \(\d{4}-\d\d-\d\d\)\n/);
    expect(file()).toMatch(/\)\n\nBy hand\.\n\n### Commits\n\n- A weight/);
    expect(file()).toMatch(/\n\n## 1\.0\.0 \(2026-01-31\)\n\nOld\.\n$/);
    expect(sectionOf(file(), '1.1.0')).toMatch(/^By hand\.[\s\S]*sent once \(\w+\)$/);
    expect(() => changelog('--release')).toThrow(/a section 1\.1\.0 already/);
  });
});

it('CHANGELOG.md begins with what is not released yet', () => {
  const text = readFileSync('CHANGELOG.md', 'utf8');
  expect([...text.matchAll(/^## (\S+)/gm)].map(([, title]) => title)[0]).toBe('Unreleased');
  expect(sectionOf(text, 'no-such')).toBeUndefined();
});
