import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { kindNames } from '../lib/model/kinds.ts';
import { AREAS, type Area } from './importTable.ts';
import { tracked } from './tracked.ts';

// The repository's own rules. Biome holds the ones it can (biome.json); these are the rest.
// To allow something new, change the data here, and say why in the commit.

const LINES_MAX: Record<string, number> = { '': 400, 'functions/': 40 };
const COLUMNS_MAX = 110;
const SUBJECT_MAX = 72;

const NO_RANDOM = /^lib\/(?:(?:model|decide|observe|apply|simulate|reconcile)\/|reconcile\.ts$)/;

const WRITE = /\b(?:cluster|live)\s*\.(?:create|patch|remove|evict)\([^;]*/g;
const SOME_KIND = `'(?:${kindNames.join('|')})'`;
/** Three names of kinds, one after the other. */
const KIND_LIST = new RegExp(`(?:${SOME_KIND}\\s*[,|]\\s*){2}${SOME_KIND}`, 'g');
const LEFT_OUT =
  /\b(?:it|test|describe|suite)(?:\.\w+)*\.(?:skip|only|todo|skipIf|runIf|fails)\b|\bx(?:it|describe)\(/g;
const IMPORT = /^\s*(?:import|export)\s+(type\s)?(?:[\w*{][^'"`;]*?\sfrom\s*)?(['"])([^'"\n]+)\2/gm;
const DYNAMIC_IMPORT = /\bimport\(\s*(['"])([^'"\n]+)\1/g;

/** The faults of one field are one at most. */
const SPREAD_ARGUMENTS =
  /\.(?:push|unshift|max|min|fromCharCode|fromCodePoint)\(\s*\.\.\.(?!fieldError\()|\.apply\(/g;

type Rule = (path: string, text: string) => string[];
type Import = { target: string; typeOnly: boolean };

const RULES: Record<string, Rule> = {
  'a file is short': (path, text) => {
    const folder = Object.keys(LINES_MAX).findLast((prefix) => path.startsWith(prefix)) ?? '';
    const lines = text.trimEnd().split('\n').length;
    const max = LINES_MAX[folder] ?? 0;
    return lines > max && !generated(path) ? [`${lines} lines, at most ${max}`] : [];
  },

  'a line is short': (path, text) =>
    generated(path) ? [] : badLines(text, (line) => [...line].length > COLUMNS_MAX),

  'imports follow the arrows': (path, text) => {
    const from = areaOf(path);
    const area = AREAS[from];
    if (area === undefined) {
      return path.includes('/') ? [`area ${from} is not in the table of tidy.test.ts`] : [];
    }
    return importsOf(text)
      .filter((found) => !allowed(path, from, area, found))
      .map(({ target, typeOnly }) => `${from} may not import ${typeOnly ? 'type ' : ''}${target}`);
  },

  // Beyond some hundred thousand arguments a call throws: docs/adr/0105-what-an-evaluation-may-cost.md.
  'no collection becomes arguments': (path, text) =>
    /^lib\/(?:expr|decide|kubernetes)\//.test(path) ? matches(text, SPREAD_ARGUMENTS) : [],

  'there is no barrel': (path, text) => [
    ...(posix.basename(path) === 'index.ts' ? ['index.ts'] : []),
    ...matches(text, /^\s*export\s+(?:type\s+)?\*/gm),
  ],

  'the core has no randomness': (path, text) =>
    NO_RANDOM.test(path) ? matches(text, /\bMath\s*\.\s*random\b/g) : [],

  'only apply writes to clusters': (path, text) =>
    /^lib\/(?!apply\/|kubernetes\/|simulate\/)|^(?:functions|server|cli)\//.test(path)
      ? matches(text, WRITE).filter((found) => !/dryRun: true/.test(found))
      : [],

  'kinds are listed in one place': (path, text) =>
    /^(?:lib|functions|server|cli)\//.test(path) && path !== 'lib/model/kinds.ts'
      ? matches(text, KIND_LIST)
      : [],

  'nothing is left for later': (_path, text) => matches(text, /\b(?:TO[D]O|FIX[M]E|XX[X])\b/g),

  'references to argo are well formed': (_path, text) =>
    badLines(text, (line) => {
      const comment = line.match(/(?:\/\/|^\s*\/?\*).*/)?.[0] ?? '';
      return /\bargo v(?!1\.10\.1 (?:\w[\w.-]*\/)*\w[\w.-]*\.(?:go|md|yaml)(?![\w#]|[:.]\S))/.test(
        comment,
      );
    }),

  'no test is left out': (path, text) => (path.startsWith('test/') ? matches(text, LEFT_OUT) : []),
};

function generated(path: string): boolean {
  return path.endsWith('.generated.ts');
}

function areaOf(path: string): string {
  const [top = '', next = '', floor = ''] = path.split('/');
  if (next === 'decide' && top === 'lib') return `decide/${floor}`;
  return top === 'lib' ? next.replace(/\.ts$/, '') : top;
}

function importsOf(text: string): Import[] {
  const written = [...text.matchAll(IMPORT)].map((found) => ({
    target: found[3] ?? '',
    typeOnly: found[1] !== undefined,
  }));
  const dynamic = [...text.matchAll(DYNAMIC_IMPORT)].map((found) => ({
    target: found[2] ?? '',
    typeOnly: false,
  }));
  return [...written, ...dynamic];
}

function allowed(path: string, from: string, area: Area, { target, typeOnly }: Import): boolean {
  if (!target.startsWith('.')) {
    return area.packages?.some((prefix) => target.startsWith(prefix)) ?? true;
  }
  const to = areaOf(posix.join(posix.dirname(path), target));
  const isAmong = (areas: string[]): boolean =>
    areas.includes(to) || areas.includes(to.replace(/\/.*/, ''));
  return to === from || isAmong(area.imports) || (typeOnly && isAmong(area.types ?? []));
}

function matches(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(
    (found) => `line ${text.slice(0, found.index).split('\n').length}: ${found[0].trim()}`,
  );
}

function badLines(text: string, bad: (line: string) => boolean): string[] {
  return text
    .split('\n')
    .flatMap((line, index) =>
      bad(line) ? [`line ${index + 1}: ${line.trim().slice(0, 80)}`] : [],
    );
}

function brokenLinks(path: string, text: string): string[] {
  const prose = text.replace(/^ *(```|~~~)[\s\S]*?^ *\1/gm, '').replace(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)|^\[[^\]]+\]:\s*(\S+)/gm)]
    .map((found) => found[1] ?? found[2] ?? '')
    .filter((target) => !/^(?:[a-z]+:|#)/.test(target))
    .filter(
      (target) => !existsSync(posix.join(dirname(path), decodeURI(target.replace(/#.*/, '')))),
    );
}

function registryAddresses(lock: string): string[] {
  return matches(lock, /"resolved": "(?:git\+)?(?:https?|ssh):[^"]*"/g);
}

const sources = ['*.ts', '*.tsx']
  .flatMap(tracked)
  .map((path) => ({ path, text: readFileSync(path, 'utf8') }));

describe('the tree is tidy', () => {
  it('has sources to look at', () => {
    expect(sources.map(({ path }) => path)).toContain('test/tidy.test.ts');
  });

  it.each(Object.entries(RULES))('%s', (_name, rule) => {
    expect(
      sources.flatMap(({ path, text }) => rule(path, text).map((sin) => `${path}: ${sin}`)),
    ).toEqual([]);
  });

  it('every relative link in the docs resolves', () => {
    const pages = tracked('*.md');
    expect(pages.length).toBeGreaterThan(0);
    const broken = pages.flatMap((path) =>
      brokenLinks(path, readFileSync(path, 'utf8')).map((target) => `${path}: ${target}`),
    );
    expect(broken).toEqual([]);
  });

  it.each(tracked('*package-lock.json'))('%s names no registry', (path) => {
    expect(registryAddresses(readFileSync(path, 'utf8'))).toEqual([]);
  });
});

// A rule that cannot fail is no rule. The sins are put together here so that this file has none of them.
const probes: [rule: string, path: string, sin: string, innocent: string][] = [
  ['a file is short', 'lib/model/a.ts', 'x\n'.repeat(401), 'x\n'.repeat(400)],
  ['a file is short', 'functions/api.ts', 'x\n'.repeat(41), 'x\n'.repeat(40)],
  ['a line is short', 'lib/model/a.ts', 'x'.repeat(111), 'x'.repeat(110)],
  [
    'imports follow the arrows',
    'lib/model/a.ts',
    "import { b } from '../decide/b.ts';",
    "import b from './b.ts';",
  ],
  ['imports follow the arrows', 'lib/model/a.ts', "import 'zod';", "import './b.ts';"],
  [
    'imports follow the arrows',
    'lib/decide/steps/a.ts',
    "import 'node:fs';",
    "import '../../model/b.ts';",
  ],
  [
    'imports follow the arrows',
    'lib/decide/steps/a.ts',
    "import '../rollout/decide.ts';",
    "import '../release/release.ts';",
  ],
  [
    'imports follow the arrows',
    'lib/decide/status/a.ts',
    "import '../../world.ts';",
    "import '../../model/b.ts';",
  ],
  [
    'imports follow the arrows',
    'lib/decide/guards/a.ts',
    "import type { W } from '../../world.ts';",
    "import './b.ts';",
  ],
  [
    'imports follow the arrows',
    'lib/api/a.ts',
    "import {\n  p,\n} from '../decide/rollout/p.ts';",
    "import type { P } from '../decide/rollout/p.ts';",
  ],
  [
    'imports follow the arrows',
    'lib/observe/a.ts',
    "import '../decide/rollout/b.ts';",
    "import '../model/b.ts';",
  ],
  [
    'imports follow the arrows',
    'lib/kubernetes/a.ts',
    "import '../store/b.ts';",
    "import '../world.ts';",
  ],
  [
    'imports follow the arrows',
    'lib/reconcile.ts',
    "import './simulate/b.ts';",
    "import './apply/b.ts';",
  ],
  [
    'imports follow the arrows',
    'lib/reconcile.ts',
    "export { b } from './api/b.ts';",
    "import { b } from './record/b.ts';",
  ],
  [
    'imports follow the arrows',
    'lib/simulate/a.ts',
    "await import('../decide/rollout/b.ts');",
    "await import('../store/b.ts');",
  ],
  [
    'imports follow the arrows',
    'lib/api/a.ts',
    "import '../kubernetes/b.ts';",
    "import '../commands/b.ts';",
  ],
  [
    'imports follow the arrows',
    'lib/commands/a.ts',
    "import type { B } from '../api/b.ts';",
    "import '../decide/commands/b.ts';",
  ],
  ['imports follow the arrows', 'lib/record/a.ts', "import '../../test/make.ts';", "import 'zod';"],
  ['imports follow the arrows', 'functions/a.ts', "import 'zod';", "import '@middy/core';"],
  [
    'imports follow the arrows',
    'functions/a.ts',
    "import '../cli/b.ts';",
    "import '../lib/api/b.ts';",
  ],
  [
    'imports follow the arrows',
    'cli/a.ts',
    "import '../test/b.ts';",
    "import '../lib/simulate/b.ts';",
  ],
  ['imports follow the arrows', 'lib/unheard/a.ts', '', "import 'zod';"],
  [
    'imports follow the arrows',
    'page/a.tsx',
    "import { verbs } from '../lib/commands/verbs.ts';",
    "import type { View } from '../lib/model/view.ts';",
  ],
  ['imports follow the arrows', 'page/a.tsx', "import 'zod';", "import 'preact';"],
  ['there is no barrel', 'lib/model/index.ts', '', ''],
  [
    'no collection becomes arguments',
    'lib/expr/a.ts',
    `found.${'push'}(...more)`,
    'for (const each of more) found.push(each);',
  ],
  ['there is no barrel', 'lib/model/a.ts', `export ${'*'} from './b.ts';`, 'export const a = 1;'],
  ['the core has no randomness', 'lib/reconcile.ts', `Math.${'random'}()`, 'Math.ceil(1)'],
  [
    'only apply writes to clusters',
    'lib/observe/a.ts',
    'await cluster.patch(ref, {});',
    "await cluster.create('Pod', pod, { dryRun: true });",
  ],
  [
    'kinds are listed in one place',
    'lib/admission/a.ts',
    "['Pod', 'Service', 'Rollout']",
    "['Pod', 'Service'] as const",
  ],
  ['nothing is left for later', 'cli/a.ts', `// ${'TO'}DO later`, '// to do so'],
  [
    'references to argo are well formed',
    'lib/model/a.ts',
    `// ${'argo'} v1.10 rollout/pause.go`,
    '// argo v1.10.1 rollout/pause.go',
  ],
  [
    'references to argo are well formed',
    'lib/model/a.ts',
    `// ${'argo'} v1.10.1 rollout/pause`,
    '// (argo v1.10.1 rollout/pause.go isPaused)',
  ],
  [
    'references to argo are well formed',
    'lib/model/a.ts',
    ` * ${'argo'} v1.10.1 rollout/pause.go#L195`,
    ' * As argo v1.10.1 docs/features/bluegreen.md.',
  ],
  [
    'references to argo are well formed',
    'lib/model/a.ts',
    `x(); // ${'argo'} v1.10.1 rollout/pause.go:195`,
    'x(); // argo v1.10.1 a/b_c.go: why',
  ],
  ['no test is left out', 'test/a.test.ts', `it.${'skip'}('x')`, "it('x')"],
  ['no test is left out', 'test/a.test.ts', `describe.concurrent.${'only'}('x')`, 'it.each([])'],
];

/** What is wrong with the subject of a commit. */
function badSubject(subject: string): boolean {
  return subject.length > SUBJECT_MAX || /\.$|^(?:wip|fixup!|squash!|amend!)/i.test(subject);
}

describe('the last commits', () => {
  it('say in one short line what they do', () => {
    const log = execFileSync('git', ['log', '--no-merges', '--format=%s', '-40'], {
      encoding: 'utf8',
    });
    expect(log.trim().split('\n').filter(badSubject)).toEqual([]);
  });

  it.each(['wip', 'Mend it.', 'fixup! A fault', `A ${'long '.repeat(16)}subject`])(
    'do not say: %s',
    (subject) => expect(badSubject(subject)).toBe(true),
  );
});

describe('each rule catches its sin', () => {
  it.each(probes)('%s: %s', (name, path, sin, innocent) => {
    expect(RULES[name]?.(path, sin)).not.toEqual([]);
    const known = path.replace('unheard', 'api').replace('index', 'a');
    expect(RULES[name]?.(known, innocent)).toEqual([]);
  });

  it('every rule has a probe', () => {
    expect(new Set(probes.map(([name]) => name))).toEqual(new Set(Object.keys(RULES)));
  });

  it('broken links and registry addresses', () => {
    expect(brokenLinks('docs/a.md', '[x](./gone.md) [y](../package.json#a) `[z](no.md)`')).toEqual([
      './gone.md',
    ]);
    expect(registryAddresses(`"resolved": "${'https'}://registry.example/a.tgz"`)).toHaveLength(1);
  });
});
