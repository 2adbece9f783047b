import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ownVersion } from '../../lib/packaged.ts';
import { unknown } from './serinLines.ts';

// What the examples, the action and the orb say to the command line: commands and options that it has.

const paths = [
  ...['action.yml', 'orb.yml'],
  ...readdirSync('examples/ci', { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.yml') || path.endsWith('.yaml'))
    .map((path) => join('examples/ci', path)),
];

/** The shell that a file of a CI system has, each a step. */
function scriptsOf(value: unknown, key = ''): string[] {
  if (typeof value === 'string') return key === 'run' || key === 'command' ? [value] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, each]) => scriptsOf(each, name));
}

function serinLines(script: string): string[] {
  const lines = script.replace(/\\\n\s*/g, ' ').split('\n');
  const calls = lines.map((line) => /^\s*(?:npx --yes serin@\S+|serin) (.*)$/.exec(line)?.[1]);
  return calls.filter((line) => line !== undefined);
}

describe.each(paths)('%s', (path) => {
  const text = readFileSync(path, 'utf8');
  const scripts = scriptsOf(parse(text, { merge: true }));

  it('asks of serin what it has', () => {
    expect(scripts.flatMap(serinLines).flatMap(unknown)).toEqual([]);
  });

  it('has shell that bash reads', () => {
    for (const script of scripts) execFileSync('bash', ['-n', '-c', script]);
  });

  it('names the version of this package', () => {
    const named = [...text.matchAll(/serin@v?(\d+\.\d+\.\d+\S*?)[`},'"\s]/g)].map(
      ([, found]) => found,
    );
    expect(new Set([ownVersion(), ...named])).toEqual(new Set([ownVersion()]));
  });
});

it('the action and the orb install their own version', () => {
  const own = `serin@${ownVersion()}`;
  const read = (path: string) => parse(readFileSync(path, 'utf8'), { merge: true });
  expect(read('action.yml').inputs.package.default).toBe(own);
  expect(read('orb.yml').commands.install.parameters.package.default).toBe(own);
});

describe('a line that is wrong', () => {
  it.each([
    ['wait front-api --until paused', ['--until']],
    ['await front-api', ['await']],
    ['set image front-api a=b --expect-step 1 +--reasons x', ['--reasons']],
    ['wait "$R" -n "$N" --for paused', []],
  ])('%s', (line, bad) => {
    expect(unknown(line)).toEqual(bad);
  });

  it('is found in a script, over lines that go on', () => {
    expect(
      serinLines('export A=1\nnpx --yes serin@0.1.0 wait a \\\n  --for x\nserin get b\n'),
    ).toEqual(['wait a  --for x', 'get b']);
  });
});
