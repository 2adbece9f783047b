import { execFileSync } from 'node:child_process';

// CHANGELOG.md: a section for each version, `## Unreleased` first. Its words are written for users; the
// list of commits below them is added when a version is made.

/** What users get. A commit that touches nothing of it is of no interest to them. */
const PRODUCT =
  /^(?:(?:bin|cli|examples|functions|infra|lib|page|server)\/|(?:action|orb|serverless)\.yml$|Dockerfile$)/;

/** The text below a section's heading, or undefined if there is no such section. */
export function sectionOf(changelog: string, title: string): string | undefined {
  const sections = changelog.split(/^## /m).slice(1);
  const found = sections.find((text) => text.split(/[ \n]/, 1)[0] === title);
  return found?.slice(found.indexOf('\n') + 1).trim();
}

/** What is new since the last version: what was written by hand, and the commits. */
export function newSection(changelog: string, commits: string[]): string {
  const written = sectionOf(changelog, 'Unreleased') ?? '';
  const list = commits.length === 0 ? '' : `### Commits\n\n${commits.join('\n')}`;
  return [written, list].filter((text) => text !== '').join('\n\n');
}

/** The changelog with what is new as the section of a version; `date` is like 2026-01-31. */
export function released(
  changelog: string,
  { version, date, commits }: { version: string; date: string; commits: string[] },
): string {
  if (sectionOf(changelog, version) !== undefined) {
    throw new Error(`CHANGELOG.md has a section ${version} already: \`npm version\` comes first`);
  }
  const [intro = '', unreleased, ...older] = changelog.split(/^(?=## )/m);
  if (unreleased === undefined || !unreleased.startsWith('## Unreleased\n')) {
    throw new Error('CHANGELOG.md has to begin with a section "## Unreleased"');
  }
  const section = `## ${version} (${date})\n\n${newSection(changelog, commits)}\n`;
  const rest = older.length === 0 ? '' : `\n${older.join('')}`;
  return `${intro}## Unreleased\n\n${section}${rest}`;
}

/**
 * A line for each commit since the last tag `vN.N.N` that touches what users get, newest first. None without
 * a tag: the first version has nothing to differ from.
 */
export function commitsSinceTag(): string[] {
  const git = (...args: string[]): string =>
    execFileSync('git', args, { encoding: 'utf8', maxBuffer: 2 ** 26 });
  const tag = git('tag', '--list', 'v*', '--merged', 'HEAD', '--sort=-version:refname').split(
    '\n',
    1,
  )[0];
  if (tag === undefined || tag === '') return [];
  const log = git('log', '--no-merges', '--name-only', '--format=%x00%s (%h)', `${tag}..HEAD`);
  return log
    .split('\0')
    .map((entry) => entry.trim().split('\n'))
    .filter(([, ...paths]) => paths.some((path) => PRODUCT.test(path)))
    .map(([subject]) => `- ${subject}`);
}
