import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { serin, start } from './support.ts';

const example = readFileSync('examples/front-api.yaml', 'utf8');

function lint(input: string, ...more: string[]) {
  return serin(['lint', '-', ...more], {}, new AbortController(), input);
}

/** The program itself, with a pipe into which the test writes. */
function piped(argv: string[]) {
  const child = start(argv, {}, { open: true });
  const ended = Promise.all([text(child.stdout), once(child, 'close') as Promise<[number]>]);
  return { child, ended };
}

describe('standard input', () => {
  it('may come slowly, through a pipe that another program left not to wait', async () => {
    const left = 'process.stdin.resume(); process.stdin.pause();';
    const lint = "[process.execPath, ['cli/serin.ts', 'lint', '-'], { stdio: 'inherit' }]";
    const before = `${left} process.exit(require('node:child_process').spawnSync(...${lint}).status)`;
    const command = '(sleep 3; cat examples/front-api.yaml) | "$0" -e "$1"';
    const child = spawn('sh', ['-c', command, process.execPath, before]);
    const [out, err, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close') as Promise<[number]>,
    ]);
    expect(err).toBe('');
    expect(out).toBe('-: 1 Rollout, nothing wrong\n');
    expect(code).toBe(0);
  });

  it('may come in pieces', async () => {
    const { child, ended } = piped(['lint', '-']);
    const middle = example.indexOf('spec:');
    child.stdin.write(example.slice(0, middle));
    await delay(500);
    child.stdin.end(example.slice(middle));
    const [out, [code]] = await ended;
    expect(out).toBe('-: 1 Rollout, nothing wrong\n');
    expect(code).toBe(0);
  });

  it('holds nobody up who presses Ctrl-C', async () => {
    const { child, ended } = piped(['lint', '-']);
    // More than a pipe holds: it is taken once the program reads.
    await new Promise((taken) => child.stdin.write('#'.repeat(1_000_000), taken));
    child.kill('SIGINT');
    const [, [code]] = await ended;
    expect(code).toBe(130);
  });

  it('is read for the settings too', async () => {
    const { child, ended } = piped(['settings', 'check', '-']);
    await delay(500);
    child.stdin.end('policies: [\n');
    const [out, [code]] = await ended;
    expect(out).toMatch(/^-:\d+: /);
    expect(code).toBe(1);
  });
});

describe('a file that cannot be read', () => {
  const api = { SERIN_SERVER: 'http://127.0.0.1:2', SERIN_CLUSTER: 'c' };
  const release = ['--image', 'front-api=front-api:2'];
  const commands = [
    ['lint', 'FILE'],
    ['lint', 'examples/front-api.yaml', '--kubeconfig', 'FILE'],
    ['simulate', 'FILE', ...release],
    ['dev', 'FILE', '--port', '0'],
    ['settings', 'check', 'FILE'],
    ['settings', 'apply', 'FILE', '--table', 't'],
    ['list', '--token-file', 'FILE'],
    ['run', '--kubeconfig', 'FILE'],
    ['adopt', '--kubeconfig', 'FILE'],
    ['crds', '--kubeconfig', 'FILE'],
  ];
  const plain = commands.map((argv) => [argv] as const);

  it.each(plain)('because there is none: %j', async (argv) => {
    const given = argv.map((word) => word.replace('FILE', '/nonexistent/file'));
    const { code, out, err } = await serin(given, api);
    const [said, hint] = err.split('\n');
    expect(said).toMatch(/^serin: cannot read .*\/nonexistent\/file: there is no such file$/);
    expect(hint).toMatch(/^ {2}\S/);
    expect({ code, out }).toEqual({ code: 3, out: '' });
  });

  it.each(plain)('because it is a folder: %j', async (argv) => {
    const given = argv.map((word) => word.replace('FILE', 'examples'));
    const { code, err } = await serin(given, api);
    expect(err).toMatch(/^serin: cannot read .*examples: it is a folder\n {2}\S/);
    expect(code).toBe(3);
  });

  it('is no rollout that is not there either, in the table of exit codes', async () => {
    expect((await serin(['--help'])).out).toMatch(/^ {2}3 +not found \(a rollout or a file\)/m);
  });
});

describe('a list', () => {
  const good = parse(example);
  const bad = {
    ...good,
    metadata: { name: 'bad', namespace: 'shop' },
    spec: { ...good.spec, replicas: 'two' },
  };

  it.each([
    ['of kubectl', { apiVersion: 'v1', kind: 'List' }, good, bad],
    [
      'of the API',
      { apiVersion: 'argoproj.io/v1alpha1', kind: 'RolloutList' },
      { ...good, apiVersion: undefined, kind: undefined },
      { ...bad, apiVersion: undefined, kind: undefined },
    ],
  ])('%s is judged object by object', async (_name, head, ...items) => {
    const input = stringify({ ...head, metadata: { resourceVersion: '' }, items });
    const line = input.split('\n').findIndex((each) => each.includes('replicas: two')) + 1;
    const { code, out } = await lint(input);
    expect(out).toBe(
      `-:${line}: shop/bad: spec.replicas must be a whole number, not the string "two"\n`,
    );
    expect(code).toBe(1);
    const json = JSON.parse((await lint(input, '-o', 'json')).out);
    expect(json.files).toMatchObject([
      { rollouts: 2, findings: [{ line, path: 'spec.replicas', rollout: 'shop/bad' }] },
    ]);
  });

  it('in a list, beside other documents', async () => {
    const inner = { apiVersion: 'v1', kind: 'List', items: [good, good] };
    const outer = { apiVersion: 'v1', kind: 'List', items: [inner, good] };
    const { code, out } = await lint(`${stringify(outer)}---\n${example}`);
    expect(out).toBe('-: 4 Rollouts, nothing wrong\n');
    expect(code).toBe(0);
  });
});

describe('where no Rollout is', () => {
  const service = 'apiVersion: v1\nkind: Service\nmetadata: {name: a}\n';
  const other = 'apiVersion: v1\nkind: ConfigMap\n---\njust: this\n---\n';
  it.each([
    ['nothing', '', /seen: nothing at all$/m],
    ['only comments', '# nothing\n---\n---\n', /seen: nothing at all$/m],
    ['an empty list', 'apiVersion: v1\nkind: List\nitems: []\n', /seen: nothing at all$/m],
    ['no YAML of Kubernetes', 'hello\n', /seen: something that is no object$/m],
    ['other kinds', `${other}${service}`, /ConfigMap of v1, an object without a kind, Service$/m],
    ['a mistyped kind', example.replace('kind: Rollout', 'kind: Rolout'), /did you mean Rollout\?/],
    [
      'a kind in small letters',
      example.replace('kind: Rollout', 'kind: rollout'),
      /mean Rollout\?/,
    ],
    ['no kind', example.replace('kind: Rollout\n', ''), /kind is missing; did you mean Rollout/],
  ])('%s is said, and no success', async (_name, input, expected) => {
    const { code, out } = await lint(input);
    expect(out).toMatch(/^-:\d+: /);
    expect(out).toMatch(expected);
    expect(code).toBe(1);
    const release = ['simulate', '-', '--image', 'front-api=front-api:2'];
    const simulated = await serin(release, {}, new AbortController(), input);
    expect(simulated).toMatchObject({ code: 1, out: '' });
    expect(simulated.err).toMatch(/no Rollout of argoproj.io; seen: |did you mean Rollout/);
  });

  it('is no fault of a file beside one that has some', async () => {
    const argv = ['lint', 'examples/front-api.yaml', '-'];
    const { code, out } = await serin(argv, {}, new AbortController(), service);
    expect(out).toMatch(/^-: no Rollout, passed over: Service$/m);
    expect(code).toBe(0);
  });

  it("says nothing of the kinds of Argo's other projects", async () => {
    const others = ['Application', 'Workflow', 'AnalysisTemplate', 'KindOfTomorrow'].map(
      (kind) => `apiVersion: argoproj.io/v1alpha1\nkind: ${kind}\n---\n`,
    );
    expect(await lint(`${others.join('')}${example}`)).toMatchObject({
      code: 0,
      out: '-: 1 Rollout, 1 AnalysisTemplate, nothing wrong\n',
    });
  });
});
