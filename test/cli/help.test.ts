import { describe, expect, it } from 'vitest';
import { binary, serin } from './support.ts';

const commands = [
  ...['get', 'list', 'status', 'wait', 'history', 'explain', 'open'],
  ...['promote', 'abort', 'retry', 'pause', 'resume', 'restart', 'undo', 'set image'],
  ...['lint', 'simulate', 'dev', 'demo', 'run', 'adopt', 'crds', 'manifests'],
  ...['settings', 'token'],
];

describe('help', () => {
  it('lists every command, and what the exit codes mean', async () => {
    const { code, out } = await serin(['--help']);
    for (const command of commands) {
      expect(out).toMatch(new RegExp(`^  ${command.split(' ')[0]}\\b`, 'm'));
    }
    expect(out).toMatch(/^Exit codes:\n {2}0 .*\n {2}1 .*\n {2}2 .*\n {2}3 /m);
    expect(code).toBe(0);
  });

  it.each(commands)('%s has examples', async (command) => {
    const { code, out } = await serin([...command.split(' '), '--help']);
    expect(out).toMatch(new RegExp(`^Examples:\n(?:  .*\n)*  .*\\bserin ${command}`, 'm'));
    expect(out).toMatch(/^Global Options:$/m);
    expect(out).toMatch(/^Exit codes:$/m);
    expect(code).toBe(0);
  });

  it('names the forms in which a command prints', async () => {
    const forms = async (command: string) =>
      /-o, --output <form> +how to print \(choices:([^)]*?),\s+default/.exec(
        (await serin([command, '--help'])).out.replace(/\s+/g, ' '),
      )?.[1];
    expect(await forms('list')).toBe(' "text", "json", "yaml", "wide", "name"');
    expect(await forms('history')).toBe(' "text", "json"');
  });

  it.each([
    [
      ['help', 'set', 'image'],
      ['set', 'image', '--help'],
    ],
    [
      ['help', 'cluster', 'ls'],
      ['cluster', 'list', '--help'],
    ],
    [
      ['cluster', 'help', 'check'],
      ['cluster', 'check', '--help'],
    ],
    [
      ['help', 'set'],
      ['set', '--help'],
    ],
    [
      ['help', 'help'],
      ['help', '--help'],
    ],
    [['help'], ['--help']],
  ])('%j is the same as %j', async (argv, same) => {
    const { code, out, err } = await serin(argv);
    expect(out).toBe((await serin(same)).out);
    expect(out).toMatch(/^Usage: serin /);
    expect([code, err]).toEqual([0, '']);
  });

  it.each([
    [['help', 'wat'], "'wat'\n(Did you mean wait?)"],
    [['help', 'prmote'], "'prmote'\n(Did you mean promote?)"],
    [['help', 'set', 'imag'], "'set imag'\n(Did you mean image?)"],
    [['help', 'get', 'front-api'], "'get front-api'"],
    [['cluster', 'help', 'chek'], "'cluster chek'\n(Did you mean check?)"],
    [['wat', '--help'], "'wat'\n(Did you mean wait?)"],
    [['cluster', 'chek', '--help'], "'cluster chek'\n(Did you mean check?)"],
  ])('%j says that it is unknown', async (argv, what) => {
    const { code, out, err } = await serin(argv);
    const hint =
      argv[0] === 'cluster'
        ? '`serin cluster --help` lists its commands.'
        : '`serin help` lists the commands, `serin help COMMAND` shows its options.';
    expect(err).toBe(`serin: unknown command ${what}\n  ${hint}`);
    expect(out).toBe('');
    expect(code).toBe(2);
  });

  it('the program has a version', async () => {
    expect(await binary(['--version'])).toEqual({ code: 0, out: '0.1.0\n', err: '' });
  });
});

describe('wrong usage', () => {
  it.each([
    [['qqqq'], /^serin: unknown command 'qqqq'\n {2}`serin help`/],
    [['get'], /missing required argument/],
    [['get', 'a', 'b'], /which rollout is meant by "a b"\?\n/],
    [['status', 'service/a'], /which rollout is meant/],
    [['promote', 'a', '--full', '--skip-all-steps'], /cannot be used with/],
    [['promote', 'a', '--expect-step', '1.5'], /whole number/],
    [['wait', 'a', '--for', 'lunch'], /healthy, paused, degraded/],
    [['wait', 'a', '--timeout', '1d'], /90s, 10m or 1h30m/],
    [['restart', 'a', '--at', 'noon'], /2026-01-31T22:00:00Z/],
    [['list', '-o', 'xml'], /text, json, yaml, wide, name/],
    [['history', 'a', '-o', 'yaml'], /serin history does not print -o yaml\n.* text and json;/],
    [['cluster', 'list', '-o', 'wide'], /serin cluster list does not print -o wide/],
    [['set', 'image', 'a', 'b'], /CONTAINER=IMAGE/],
    [['undo', 'a', '--to-revision', '0'], /--to-revision <n>.* whole number above 0/],
    [['history', 'a', '--limit', '0'], /--limit <n>.* whole number above 0/],
    [['run', '--lease', 'serin'], /NAMESPACE\/NAME/],
    [['list'], /no server/],
    [['list', '--server', 'http://127.0.0.1:2'], /which cluster/],
  ])('%j', async (argv, message) => {
    const { code, out, err } = await serin(argv);
    expect(err).toMatch(message);
    expect(out).toBe('');
    expect(code).toBe(2);
  });

  it.each([
    [['get'], '`serin get --help` shows its options'],
    [['list', '--bogus'], '`serin list --help` shows its options'],
    [['-n', 'get', 'list', '-o', 'xml'], '`serin list --help` shows its options'],
    [['set', 'image'], '`serin set image --help` shows its options'],
    [['cluster', 'chek'], '`serin cluster --help` lists its commands'],
    [['qqqq'], '`serin help` lists the commands, `serin help COMMAND` shows its options'],
  ])('says whose help to read: %j', async (argv, hint) => {
    const { code, err } = await serin(argv);
    expect(err.split('\n').at(-1)).toBe(`  ${hint}.`);
    expect(code).toBe(2);
  });

  it.each([
    [['promote', 'a', '--expect-image', ''], '--expect-image <image>'],
    [['promote', 'a', '--expect-hash='], '--expect-hash <hash>'],
    [['abort', 'a', '--reason', ' '], '--reason <text>'],
    [['undo', 'a', '--to-revision', ''], '--to-revision <n>'],
    [['get', 'a', '-n', '', '-n', 'shop'], '-n, --namespace <name>'],
    [['get', 'a', '--cluster', ''], '--cluster <name>'],
    [['list', '--server', ''], '--server <url>'],
    [['list', '--token', ''], '--token <token>'],
    [['list', '--token-file', ''], '--token-file <path>'],
    [['list', '-o', ''], '-o, --output <form>'],
    [['wait', 'a', '--timeout', ''], '--timeout <duration>'],
    [['simulate', 'examples/front-api.yaml', '--image', ''], '--image <container=image>'],
    [['dev', '--data', ''], '--data <dir>'],
    [['run', '--kubeconfig', ''], '--kubeconfig <file>'],
    [['token', 'create', 'a', '--group', ''], '--group <name>'],
    [['settings', 'show', '--table', ''], '--table <name>'],
    [['promote', ''], 'name'],
    [['set', 'image', 'a', ''], 'container=image'],
    [['lint', 'examples/front-api.yaml', ''], 'file'],
  ])('a value that is empty, as of a variable that is not set: %j', async (argv, what) => {
    const { code, out, err } = await serin(argv);
    expect(err).toMatch(/^serin: (?:option|command-argument) /);
    expect(err).toContain(`'${what}'`);
    expect(err).toMatch(/It is empty/);
    expect(out).toBe('');
    expect(code).toBe(2);
  });

  it('leaves with the same code as a program, and without a stack trace', async () => {
    const env = { SERIN_SERVER: 'http://127.0.0.1:2', SERIN_CLUSTER: 'c' };
    const { code, out, err } = await binary(['get', 'front-api'], env);
    expect({ code, out }).toEqual({ code: 3, out: '' });
    expect(err).toMatch(
      /^serin: cannot reach http:\/\/127\.0\.0\.1:2: nobody listens there\n.*\n$/,
    );
  });
});
