import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../cli/support.ts';
import { unknown } from '../examples/serinLines.ts';
import { tracked } from '../tracked.ts';
import { type Block, blocksOf, isShell, pattern, printed, scriptOf, serinCalls } from './blocks.ts';

// The documentation tells only what was run: each block of shell is run here, or says why it is not.

const files = tracked('*.md');
const all = files.flatMap((file) => blocksOf(file, readFileSync(file, 'utf8')));
const shell = all.filter(isShell);
const run = Map.groupBy(
  shell.filter(({ notRun }) => notRun === undefined),
  ({ file }) => file,
);

const at = ({ file, line }: Block): string => `${file}:${line}`;

/** What blocks may call beside serin: nothing that could change more than their own folder. */
const PROGRAMS = ['bash', 'cat', 'cut', 'env', 'grep', 'head', 'node', 'sh', 'sleep', 'tail'];

/** As after `npm ci`: npx finds serin, and the examples are there. Of the scripts there is `npm run cost`. */
function folderWithExamples() {
  const folder = temporaryFolder();
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  symlinkSync(resolve('bin/serin.js'), join(bin, 'serin'));
  for (const name of PROGRAMS) {
    symlinkSync(name === 'node' ? process.execPath : which(name), join(bin, name));
  }
  const cost = `cd ${resolve('.')} && shift 3 && exec node scripts/cost.ts "$@"`;
  for (const [name, text] of [
    ['npx', 'test "$1" = serin && shift && exec serin "$@"'],
    ['npm', `test "$1 $2" = "run cost" && ${cost}`],
  ] as const) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  cpSync('examples', join(folder, 'examples'), { recursive: true });
  return { folder, env: { PATH: bin, HOME: folder, XDG_STATE_HOME: folder } };
}

function which(program: string): string {
  return execFileSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).trim();
}

describe('the blocks of shell', () => {
  it.each([...run])('of %s run', { timeout: 580_000 }, async (_file, blocks) => {
    const { folder, env } = folderWithExamples();
    const args = ['--norc', '-c', scriptOf(blocks)];
    const ended = await promisify(execFile)('bash', args, {
      cwd: folder,
      env,
      timeout: 540_000,
    }).catch((error) => error);
    expect(ended.code ?? 0, `${ended.stdout}\n${ended.stderr}`).toBe(0);
    const out = printed(ended.stdout);
    for (const { line, shows } of blocks) {
      if (shows !== undefined) expect(out.get(line)).toMatch(pattern(shows));
    }
  });

  it('are not run for a reason that is told', () => {
    const marked = shell.filter(({ notRun }) => notRun !== undefined);
    expect(marked.length).toBeGreaterThan(10);
    expect(marked.filter(({ notRun = '' }) => !/\w+ \w+ \w+/.test(notRun)).map(at)).toEqual([]);
  });

  it('are fenced, so that the tests see them', () => {
    const indented = files.flatMap((file) =>
      [
        ...readFileSync(file, 'utf8').matchAll(
          /(?<=\n\n) {4}(?:serin|npx|npm|aws|kubectl|helm) .*/g,
        ),
      ].map(([line]) => `${file}: ${line.trim()}`),
    );
    expect(indented).toEqual([]);
  });

  it('ask of serin what it has', () => {
    const calls = shell.flatMap((block) => serinCalls(block.text).map((call) => ({ block, call })));
    expect(calls.length).toBeGreaterThan(40);
    const bad = calls.flatMap(({ block, call }) =>
      unknown(call).map((each) => `${at(block)}: ${each}`),
    );
    expect(bad).toEqual([]);
  });

  it('can be read by bash', () => {
    for (const { text } of shell) execFileSync('bash', ['-n', '-c', text]);
  });
});

describe('a block', () => {
  const markdown = [
    '<!-- not run: it needs a cluster -->',
    '',
    '```sh\nserin crds | kubectl apply -f -\n```',
    '',
    '1. Then:\n\n   ```sh\n   serin lint a.yaml   # or: serin lint b.yaml\n   ```',
    '   ```text\n   fine\n   …\n   ```',
  ].join('\n');
  const [marked, listed] = blocksOf('a.md', markdown);

  it('has its mark, its line and what it shows', () => {
    expect(marked).toEqual({
      ...{ file: 'a.md', line: 3, language: 'sh', notRun: 'it needs a cluster' },
      text: 'serin crds | kubectl apply -f -',
    });
    expect(listed).toEqual({
      ...{ file: 'a.md', line: 9, language: 'sh', shows: 'fine\n…' },
      text: 'serin lint a.yaml   # or: serin lint b.yaml',
    });
  });

  it('calls serin', () => {
    expect(serinCalls(marked?.text ?? '')).toEqual(['crds']);
    expect(serinCalls(listed?.text ?? '')).toEqual(['lint a.yaml']);
  });

  it('shows what is printed', () => {
    expect('fine\nso far\nand on\n').toMatch(pattern('fine\n…'));
    expect('bad\nfine\n').not.toMatch(pattern('fine\n…'));
    expect('fine\nand more\n').not.toMatch(pattern('fine'));
  });
});
