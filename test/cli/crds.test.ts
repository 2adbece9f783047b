import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { definitions } from '../../lib/model/definitions.ts';
import { kubeconfigFor, serin, stubServer } from './support.ts';

const names = definitions().map(({ metadata }) => metadata.name);
const api = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/';

/** A cluster that has some definitions; the way to it, and what it was asked. */
async function clusterWith(known: string[], otherwise = 404) {
  const { env, seen } = await stubServer(({ url }) => {
    const name = url.slice(api.length);
    const status = url.startsWith(api) && known.includes(name) ? 200 : otherwise;
    return { status, body: { kind: 'Status', metadata: { name } } };
  });
  return { seen, kubeconfig: kubeconfigFor(env.SERIN_SERVER) };
}

function printed(yaml: string): string[] {
  return parseAllDocuments(yaml, { schema: 'yaml-1.1' })
    .map((document) => document.toJS())
    .filter((value) => value !== null)
    .map(({ metadata }) => metadata.name);
}

describe('crds', () => {
  it('prints the five definitions as YAML that says what they are', async () => {
    const { code, out, err } = await serin(['crds']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const documents = parseAllDocuments(out, { schema: 'yaml-1.1' });
    expect(documents.map((document) => document.toJS())).toEqual(definitions());
    expect(printed(out)).toEqual([
      'rollouts.argoproj.io',
      'analysistemplates.argoproj.io',
      'clusteranalysistemplates.argoproj.io',
      'analysisruns.argoproj.io',
      'experiments.argoproj.io',
    ]);
    // Anchors would make kubectl's parser count what they unfold to.
    expect(out).not.toMatch(/[:-] [&*]\w/);
  });

  it('each is small enough for the annotation of a plain kubectl apply', () => {
    for (const each of definitions()) expect(JSON.stringify(each).length).toBeLessThan(2 ** 17);
  });

  it('as JSON it is a List', async () => {
    const { out } = await serin(['crds', '-o', 'json']);
    expect(JSON.parse(out)).toEqual({ apiVersion: 'v1', kind: 'List', items: definitions() });
  });

  it('leaves out what a cluster has, and only reads', async () => {
    const [rollouts = '', ...others] = names;
    const { kubeconfig, seen } = await clusterWith([rollouts]);
    const { code, out, err } = await serin(['crds', '--kubeconfig', kubeconfig]);
    expect(code).toBe(0);
    expect(printed(out)).toEqual(others);
    expect(out).toMatch(/^# rollouts\.argoproj\.io is in the cluster: left out$/m);
    expect(err).toBe('serin: left out what the cluster has: rollouts.argoproj.io');
    expect(new Set(seen.map(({ method }) => method))).toEqual(new Set(['GET']));
    expect(seen[0]?.headers['user-agent']).toMatch(/^serin\/\d/);
  });

  it('says so when there is nothing to install', async () => {
    const { kubeconfig } = await clusterWith(names);
    const { code, out, err } = await serin(['crds', '--kubeconfig', kubeconfig]);
    expect(code).toBe(0);
    expect(printed(out)).toEqual([]);
    expect(err).toMatch(/: there is nothing to install$/);
  });

  it.each([
    [403, /allow the verb "get" on the resource "customresourcedefinitions"/],
    [500, /get customresourcedefinitions\.apiextensions\.k8s\.io rollouts\.argoproj\.io: 500/],
  ])('a cluster that answers %i is no cluster without them', async (status, message) => {
    const { kubeconfig } = await clusterWith([], status);
    const { code, out, err } = await serin(['crds', '--kubeconfig', kubeconfig]);
    expect({ code, out }).toEqual({ code: 3, out: '' });
    expect(err).toMatch(message);
    expect(err).toMatch(/Without --kubeconfig, all of them are printed/);
  });

  it('a kubeconfig that is not there, or a context without one, is said', async () => {
    const absent = await serin(['crds', '--kubeconfig', '/nonexistent']);
    expect({ ...absent, err: '' }).toEqual({ code: 3, out: '', err: '' });
    expect(absent.err).toMatch(/cannot read the kubeconfig \/nonexistent/);
    const alone = await serin(['crds', '--context', 'c']);
    expect({ ...alone, err: '' }).toEqual({ code: 2, out: '', err: '' });
    expect(alone.err).toMatch(/--kubeconfig/);
  });
});
