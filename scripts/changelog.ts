import { readFileSync, writeFileSync } from 'node:fs';
import { commitsSinceTag, newSection, released } from './changelogText.ts';

// Prints what is new since the last tag, as it will stand in CHANGELOG.md. With --release it is written there
// as the section of the version that package.json has.

const commits = commitsSinceTag();
const changelog = readFileSync('CHANGELOG.md', 'utf8');
if (process.argv.includes('--release')) {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  const date = new Date().toISOString().slice(0, 10);
  writeFileSync('CHANGELOG.md', released(changelog, { version, date, commits }));
  process.stdout.write(`CHANGELOG.md has a section ${version} now.\n`);
} else {
  process.stdout.write(`## Unreleased\n\n${newSection(changelog, commits)}\n`);
}
