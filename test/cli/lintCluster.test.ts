import { describe, expect, it } from 'vitest';
import { rolloutOf } from '../cases/templates.ts';
import { kubeconfigFor, type Seen, serin, stubServer } from './support.ts';

type Reply = { status: number; body: object };
type Answers = { rollouts?: (seen: Seen) => Reply; replicasets?: (seen: Seen) => Reply };

const taken = (): Reply => ({ status: 201, body: {} });
const status = (code: number, more: object): Reply => ({
  status: code,
  body: { kind: 'Status', code, ...more },
});
const invalid = (...causes: { field: string; message: string }[]): Reply =>
  status(422, { reason: 'Invalid', message: 'it is invalid', details: { causes } });

/** Lints on a cluster that answers so, and tells what it was asked. */
async function lint(manifest: object, { rollouts = taken, replicasets = taken }: Answers = {}) {
  const { env, seen } = await stubServer((one) =>
    /\/rollouts\?/.test(one.url) ? rollouts(one) : replicasets(one),
  );
  const argv = ['lint', '-', '--kubeconfig', kubeconfigFor(env.SERIN_SERVER), '-n', 'shop'];
  const ended = await serin(argv, {}, undefined, JSON.stringify(manifest));
  return { ...ended, seen, lines: ended.out.trimEnd().split('\n') };
}

describe('lint with a kubeconfig', () => {
  it('tries to make the Rollout and its ReplicaSet, and only tries', async () => {
    const { code, out, seen } = await lint(rolloutOf({}));
    expect(out).toBe('-: 1 Rollout, nothing wrong, in a dry run on the cluster either\n');
    expect(code).toBe(0);
    expect(seen.map(({ method, url }) => `${method} ${url.split('?')[0]}`)).toEqual([
      'POST /apis/argoproj.io/v1alpha1/namespaces/shop/rollouts',
      'POST /apis/apps/v1/namespaces/shop/replicasets',
    ]);
    for (const { url } of seen)
      expect(new URLSearchParams(url.split('?')[1]).get('dryRun')).toBe('All');
    const [rollout, set] = seen.map(({ body }) => JSON.parse(body));
    expect(rollout).toEqual(rolloutOf({}));
    expect(set.metadata).toMatchObject({
      namespace: 'shop',
      name: expect.stringMatching(/^lint-\w+$/),
    });
    expect(set.spec.template.spec).toEqual(rollout.spec.template.spec);
  });

  it("shows what the cluster has against either, with Serin's own findings once", async () => {
    const priority = 'spec.template.spec.priorityClassName';
    const port = 'spec.template.spec.containers[0].ports[0].containerPort';
    const { code, lines } = await lint(
      rolloutOf({ container: { ports: [{ containerPort: 0 }] } }),
      {
        rollouts: () =>
          invalid({ field: 'spec', message: 'Invalid value: "object": says a policy' }),
        replicasets: () =>
          invalid(
            { field: port, message: 'Required value' },
            { field: priority, message: 'Not found' },
          ),
      },
    );
    expect(lines).toEqual([
      expect.stringContaining(`${port} must be between 1 and 65535, not 0`),
      expect.stringContaining(
        'spec is refused by the cluster: Invalid value: "object": says a policy',
      ),
      expect.stringContaining(`${priority} is refused by the cluster: Not found`),
    ]);
    expect(code).toBe(1);
  });

  const withRoles = rolloutOf({
    spec: {
      strategy: {
        canary: {
          canaryMetadata: { labels: { role: 'canary' } },
          stableMetadata: { labels: { role: 'stable' } },
        },
      },
    },
  });

  it('tries the ReplicaSet in either role, and blames what only its role can be blamed for', async () => {
    const labels = 'spec.template.metadata.labels';
    const { lines, seen } = await lint(withRoles, {
      replicasets: ({ body }) => {
        const { role } = JSON.parse(body).spec.template.metadata.labels;
        return invalid(
          { field: 'spec.template.spec.hostname', message: 'both' },
          ...(role === 'canary' ? [{ field: labels, message: 'no canary here' }] : []),
        );
      },
    });
    expect(seen).toHaveLength(3);
    expect(lines).toEqual([
      expect.stringContaining('spec.template.spec.hostname is refused by the cluster: both'),
      expect.stringContaining(
        'spec.strategy.canary.canaryMetadata.labels is refused by the cluster: no canary here',
      ),
    ]);
  });

  it('does not repeat what is known of a role', async () => {
    const canary = { canaryMetadata: { labels: { app: 'other' } } };
    const field = 'spec.template.metadata.labels';
    const { lines } = await lint(rolloutOf({ spec: { strategy: { canary } } }), {
      replicasets: ({ body }) =>
        JSON.parse(body).spec.template.metadata.labels.app === 'other'
          ? invalid({ field, message: '`selector` does not match template `labels`' })
          : taken(),
    });
    expect(lines).toEqual([
      expect.stringMatching(/canaryMetadata.labels\[app\] must be lint, which/),
    ]);
  });

  it('shows what names no field', async () => {
    const message = 'admission webhook "policy.example" denied the request: no';
    const { code, out } = await lint(rolloutOf({}), {
      replicasets: () => status(403, { reason: 'Forbidden', message }),
    });
    expect(out).toBe(`-:1: is refused by the cluster: ${message}\n`);
    expect(code).toBe(1);
  });

  it('shows fields that the cluster does not know, and what else it says', async () => {
    const strict = 'strict decoding error: unknown field "spec.a", unknown field "spec.b"';
    const { lines } = await lint(rolloutOf({ spec: { a: 1 } }), {
      rollouts: ({ url }) =>
        url.includes('fieldValidation=Strict')
          ? status(400, { reason: 'BadRequest', message: strict })
          : invalid({ field: 'spec.c', message: 'Required value' }),
    });
    expect(lines).toEqual([
      expect.stringContaining('spec.a is an unknown field'),
      expect.stringContaining('spec.b is refused by the cluster: unknown field'),
      expect.stringContaining('spec.c is refused by the cluster: Required value'),
    ]);
  });

  it('of a namespace that is not there says so', async () => {
    const message = 'namespaces "shop" not found';
    const missing = () =>
      status(404, { reason: 'NotFound', message, details: { kind: 'namespaces' } });
    const { code, lines } = await lint(rolloutOf({}), { rollouts: missing, replicasets: missing });
    expect(lines).toEqual([`-:1: metadata.namespace is refused by the cluster: ${message}`]);
    expect(code).toBe(1);
  });

  it('finds nothing wrong with what is there already', async () => {
    const there = () => status(409, { reason: 'AlreadyExists', message: 'it is there' });
    expect(await lint(rolloutOf({}), { rollouts: there, replicasets: there })).toMatchObject({
      code: 0,
    });
  });

  it('judges a template of another object by the Rollout alone', async () => {
    const workloadRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
    const { code, seen } = await lint(rolloutOf({ spec: { workloadRef, template: undefined } }));
    expect(seen.filter(({ method }) => method === 'POST')).toHaveLength(1);
    expect(code).toBe(0);
  });

  it.each([
    [
      'a right is missing',
      status(403, {
        message: 'rollouts.argoproj.io is forbidden: User "a" cannot create resource "rollouts"',
      }),
      /allow the verb "create" on the resource "rollouts" of API group "argoproj.io" in namespace shop/,
    ],
    [
      'nobody is signed in',
      status(401, { message: 'Unauthorized' }),
      /does not accept these credentials/,
    ],
    [
      'Rollouts are unknown',
      status(404, { reason: 'NotFound', message: 'not found' }),
      /serin crds/,
    ],
    ['the cluster fails', status(500, { message: 'etcd is down' }), /500 etcd is down/],
  ])('where %s it ends with 3, and says how to do without', async (_what, reply, expected) => {
    const { code, out, err } = await lint(rolloutOf({}), { rollouts: () => reply });
    expect(err).toMatch(expected);
    expect(err).toMatch(/Without --kubeconfig, manifests are checked without a cluster/);
    expect({ code, out }).toEqual({ code: 3, out: '' });
  });

  it('where the cluster is not there it ends with 3', async () => {
    const argv = ['lint', '-', '--kubeconfig', kubeconfigFor('http://127.0.0.1:9')];
    const { code, err } = await serin(argv, {}, undefined, JSON.stringify(rolloutOf({})));
    expect(err).toMatch(/create rollouts.argoproj.io default: .*127.0.0.1:9/);
    expect(code).toBe(3);
  });

  it('takes no context without one', async () => {
    const { code, err } = await serin(['lint', 'examples/front-api.yaml', '--context', 'a']);
    expect(err).toMatch(
      /Neither --kubeconfig nor KUBECONFIG is set, and there is no \/nonexistent\/.kube\/config/,
    );
    expect(code).toBe(2);
  });
});
