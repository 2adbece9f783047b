import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { serin, temporaryFolder } from './support.ts';

const example = readFileSync('examples/front-api.yaml', 'utf8');

function template(name: string, spec: string): string {
  return `
---
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {name: ${name}}
spec: ${spec}
`;
}

const web = 'provider: {web: {url: "http://metrics.example/ok"}}';

/** The example with a step that runs an analysis, before the others. */
async function lint(analysis: string, ...more: string[]) {
  const steps = `steps:\n      - analysis: ${analysis}\n`;
  const text = example.replace(/steps:\n/, steps);
  const path = join(temporaryFolder(), 'rollout.yaml');
  writeFileSync(path, [text, ...more].join(''));
  const { code, out } = await serin(['lint', path]);
  return { code, out: out.replaceAll(path, 'FILE').replaceAll(/:\d+:/g, ':') };
}

const at = 'spec.strategy.canary.steps[0].analysis';

describe('lint looks at analyses', () => {
  it('and notes a template that is not in the files', async () => {
    const { code, out } = await lint('{templates: [{templateName: check}]}');
    expect(out).toBe(
      `FILE: note: ${at}.templates names the AnalysisTemplate check, which is not in these files: ` +
        'it must be in the cluster\nFILE: 1 Rollout, nothing wrong\n',
    );
    expect(code).toBe(0);
  });

  it('and notes one of an experiment that is not in the files, and none that is', async () => {
    const analyses =
      '[{name: a, templateName: check}, {name: b, templateName: all, clusterScope: true}]';
    const given = `{templates: [{name: c, specRef: canary}], analyses: ${analyses}}`;
    const text = example.replace(/steps:\n/, `steps:\n      - experiment: ${given}\n`);
    const linted = async (...more: string[]) => {
      const all = [text, ...more].join('');
      return (await serin(['lint', '-'], {}, new AbortController(), all)).out;
    };
    const field = 'spec.strategy.canary.steps[0].experiment.analyses';
    const lacks = 'which is not in these files: it must be in the cluster';
    const note = (index: number, name: string) =>
      `note: ${field}[${index}].templateName names the ${name}, ${lacks}`;
    expect((await linted()).replaceAll(/-:\d+: /g, '')).toBe(
      `${note(0, 'AnalysisTemplate check')}\n${note(1, 'ClusterAnalysisTemplate all')}\n` +
        '-: 1 Rollout, nothing wrong\n',
    );
    const one = await linted(template('check', `{metrics: [{name: ok, ${web}}]}`));
    expect(one).not.toContain('AnalysisTemplate check,');
    expect(one).toContain(note(1, 'ClusterAnalysisTemplate all'));
  });

  it('and finds nothing in one that is right', async () => {
    const spec = `{args: [{name: a}], metrics: [{name: ok, ${web}, successCondition: "{{args.a}}"}]}`;
    const analysis = '{templates: [{templateName: check}], args: [{name: a, value: b}]}';
    const { out } = await lint(analysis, template('check', spec));
    expect(out).toBe('FILE: 1 Rollout, 1 AnalysisTemplate, nothing wrong\n');
  });

  it('of a file that has templates alone', async () => {
    const spec = `{metrics: [{name: ok, ${web}}]}`;
    const lintText = (text: string) => serin(['lint', '-'], {}, new AbortController(), text);
    const { code, out } = await lintText([template('a', spec), template('b', spec)].join(''));
    expect(out).toBe('-: 2 AnalysisTemplates, nothing wrong\n');
    expect(code).toBe(0);
    const wrong = await lintText(template('a', '{metrics: none}'));
    expect(wrong.out).toContain('spec.metrics must be a list');
    expect(wrong.code).toBe(1);
  });

  it.each([
    [
      'a metric that never ends',
      '{templates: [{templateName: check}]}',
      `{metrics: [{name: ok, interval: 5s, ${web}}]}`,
      `${at}.templates has the metric ok with an interval and no count, which never ends; give it a count`,
    ],
    [
      'an argument that nobody gives',
      '{templates: [{templateName: check}]}',
      `{args: [{name: a}], metrics: [{name: ok, ${web}}]}`,
      `${at}.templates has templates that ask for the argument a; give it in args`,
    ],
    [
      'a field that no argument can have',
      '{templates: [{templateName: check}], args: [{name: a, valueFrom: {fieldRef: {fieldPath: ' +
        'metadata.x}}}]}',
      `{metrics: [{name: ok, ${web}}]}`,
      `${at}.args[0].valueFrom.fieldRef.fieldPath must be metadata.name, namespace, uid, labels, ` +
        "annotations, or one of those in brackets, e.g. metadata.labels['app'], not metadata.x",
    ],
    [
      'no template at all',
      '{templates: []}',
      `{metrics: [{name: ok, ${web}}]}`,
      `${at}.templates must name at least one template`,
    ],
  ])('and finds %s', async (_, analysis, spec, message) => {
    const { code, out } = await lint(analysis, template('check', spec));
    expect(out).toContain(`FILE: ${message}\n`);
    expect(code).not.toBe(0);
  });
});
