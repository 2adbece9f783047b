import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { serin, temporaryFolder } from './support.ts';

const example = readFileSync('examples/front-api.yaml', 'utf8');

function file(text: string): string {
  const path = join(temporaryFolder(), 'rollout.yaml');
  writeFileSync(path, text);
  return path;
}

describe('lint', () => {
  it('passes the example', async () => {
    const { code, out } = await serin(['lint', 'examples/front-api.yaml']);
    expect(out).toBe('examples/front-api.yaml: 1 Rollout, nothing wrong\n');
    expect(code).toBe(0);
  });

  it.each([
    ['an unknown field', 'maxSurge: 1', 'maxSurges: 1', /canary.maxSurges .*maxSurge\?/],
    ['a wrong type', 'replicas: 2', 'replicas: two', /spec.replicas .*whole number/],
    ['setWeight 101', 'setWeight: 10\n', 'setWeight: 101\n', /steps\[2\].setWeight .*101/],
    ['a duration of a day', 'duration: 1m', 'duration: 1d', /steps\[3\].pause.duration .*1d/],
    ['two actions', 'setWeight: 50', 'setWeight: 50\n        pause: {}', /steps\[4\] .*one thing/],
    [
      'nothing to move',
      'maxSurge: 1\n      maxUnavailable: 1',
      'maxSurge: 0\n      maxUnavailable: 0',
      /0/,
    ],
    [
      'another selector',
      '      labels:\n        app: front-api\n    spec',
      '      labels:\n        app: x\n    spec',
      /app=x/,
    ],
  ])('finds %s, with its line', async (_name, from, to, expected) => {
    const text = example.replace(from, to);
    const line = text.slice(0, text.indexOf(to)).split('\n').length;
    const path = file(text);
    const { code, out } = await serin(['lint', path]);
    expect(out).toMatch(expected);
    expect(out).toMatch(new RegExp(`^${path}:${line}: spec\\.`));
    expect(code).toBe(1);
  });

  it.each([
    ['a wrong type', 'setWeight: "10"', /steps\[2\].setWeight .*number/],
    ['a misspelt one', 'setWeigth: 10', /did you mean setWeight\?/],
    ['nothing', '{}', /steps\[2\] must be one of: setWeight, pause/],
    ['an empty pause', 'pause:', /steps\[2\] must be one of: .*is pause: \{\}/],
  ])(
    'says of a step that is %s what is wrong with it, and nothing else',
    async (_name, to, said) => {
      const { code, out } = await serin(['lint', file(example.replace('setWeight: 10', to))]);
      expect(out).toMatch(said);
      expect(out).not.toMatch(/undefined|carry it out/);
      expect(code).toBe(1);
    },
  );

  it('finds what is missing, at the line of what is around it', async () => {
    const { out } = await serin(['lint', file(example.replace(/ {2}selector:.*\n.*\n.*\n/, ''))]);
    expect(out).toMatch(/:9: spec.selector is missing/);
  });

  it.each([
    ['contains itself', 'metadata: &a\n  name: *a\n', /is a part of what it names/],
    [
      'grows without bounds',
      `${Array.from(
        { length: 9 },
        (_, at) =>
          `l${at}: &l${at} [${
            at === 0
              ? '1'
              : Array(9)
                  .fill(`*l${at - 1}`)
                  .join(',')
          }]`,
      ).join('\n')}\n`,
      /alias/,
    ],
  ])('says so when a file %s', async (_name, text, expected) => {
    const path = file(`kind: Rollout\n${text}`);
    const { code, out } = await serin(['lint', path]);
    expect(out).toMatch(new RegExp(`^${path}:3: cannot be read: `));
    expect(out).toMatch(expected);
    expect(code).toBe(1);
  });

  it('never passes a control character on to the terminal', async () => {
    const text = example.replace('replicas: 2', '"re\\e[31mpli\\u009bcas\\u202e": 2');
    const { out } = await serin(['lint', file(text)]);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for.
    expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    const json = await serin(['lint', file(text), '-o', 'json']);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for.
    expect(json.out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    expect(JSON.stringify(JSON.parse(json.out))).toContain('\u009b');
  });

  it('looks at every Rollout of a file and at nothing else', async () => {
    const service = 'apiVersion: v1\nkind: Service\nspec: {nonsense: 1}\n';
    const bad = example.replace('replicas: 2', 'replicas: two');
    const path = file(`${service}---\n${example}---\n---\n${bad}`);
    const { code, out } = await serin(['lint', path, '-o', 'json']);
    const { files } = JSON.parse(out) as { files: object[] };
    const line = service.split('\n').length + example.split('\n').length + 11;
    expect(files).toMatchObject([{ rollouts: 2, findings: [{ line, path: 'spec.replicas' }] }]);
    expect(code).toBe(1);
  });

  it('reads a file that is named twice once', async () => {
    const path = file(example);
    const { code, out } = await serin(['lint', path, `${dirname(path)}/./rollout.yaml`, path]);
    expect(out).toBe(`${path}: 1 Rollout, nothing wrong\n`);
    expect(code).toBe(0);
    const piped = await serin(['lint', '-', '-'], {}, undefined, example);
    expect(piped.out).toBe('-: 1 Rollout, nothing wrong\n');
    expect(piped.code).toBe(0);
  });

  it.each([
    ['nothing', ''],
    ['comments', '# a: b\n---\n---\n'],
    ['an empty list', 'apiVersion: v1\nkind: List\nitems: []\n'],
  ])('takes %s for a fault, beside a file that is right too', async (_what, text) => {
    const path = file(text);
    const { code, out } = await serin(['lint', path, 'examples/front-api.yaml']);
    expect(out).toBe(
      `${path}:1: no Rollout of argoproj.io; seen: nothing at all\n` +
        'examples/front-api.yaml: 1 Rollout, nothing wrong\n',
    );
    expect(code).toBe(1);
  });

  it('passes a file of other objects over, beside one that is right', async () => {
    const path = file('apiVersion: v1\nkind: Service\nmetadata: {name: a}\n');
    const { code, out } = await serin(['lint', path, 'examples/front-api.yaml']);
    expect(out).toMatch(`${path}: no Rollout, passed over: Service\n`);
    expect(code).toBe(0);
  });

  it('says where a file is no YAML', async () => {
    const { code, out } = await serin(['lint', file('kind: Rollout\nspec: {a: [1\nb: 2\n')]);
    expect(out).toMatch(/rollout.yaml:\d+: is not YAML: /);
    expect(code).toBe(1);
  });

  it('reads YAML as kubectl does', async () => {
    const text = example
      .replace('app: front-api\nspec', 'app: front-api\n  annotations: {on: 1:30}\nspec')
      .replace('image: front-api:old-tag', 'image: 2026-01-31');
    const { out } = await serin(['lint', file(text)]);
    expect(out).toMatch(/nothing wrong/);
    const yes = await serin(['lint', file(example.replace('front-api:old-tag', 'yes'))]);
    expect(yes.out).toMatch(/must be a string, not true/);
  });

  it('does not find what is not there', async () => {
    const { code, err } = await serin(['lint', '/nonexistent.yaml']);
    expect(err).toMatch(/^serin: cannot read \/nonexistent.yaml: there is no such file\n {2}Name/);
    expect(code).toBe(3);
  });
});
