import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { readObjects } from '../../cli/manifest.ts';
import { startEmbedded } from '../../server/embedded.ts';
import { noInput, stubServer, temporaryFolder } from '../cli/support.ts';

// Runs the shell steps of the examples with the real CLI against all of Serin on a simulated cluster.
// Stand-ins take the place of what cannot run here: docker, npm's network, kustomize's `edit`, and
// skaffold, which sets the image that kustomize was told, where the real one applies the manifests.

const kustomize =
  '#!/bin/sh\nset -e\ntest "$1 $2 $3" = "edit set image"\necho "$4" >"$STAGE/image"\n';
const skaffold =
  '#!/bin/sh\nset -e\ntest "$1" = run\n' +
  'SERIN_TOKEN="$CLUSTER_TOKEN" serin set image front-api "$(cat "$STAGE/image")"\n';
const noting = '#!/bin/sh\necho "$0 $*" >>"$STAGE/called"\n';

/** Makes a token for the job, for the audience that Serin's settings ask for. */
const circleci = `#!/bin/bash
[ "$*" = 'run oidc get --claims {"aud": "serin"}' ] && printf %s "$JOB_TOKEN"
`;

type Step = { name?: string; run?: { command: string } | string; command?: string };
type Env = Record<string, string>;

function example(path: string) {
  return parse(readFileSync(`examples/ci/${path}`, 'utf8'), { merge: true });
}

async function stage(image?: string) {
  const said: string[] = [];
  const embedded = await startEmbedded({
    ...{ speed: 20, port: 0, log: () => {} },
    onLedger: (_key, { actor, text, reason = '' }) => said.push(`${actor.name}: ${text} ${reason}`),
  });
  onTestFinished(() => embedded.close());
  const objects = await readObjects(['examples/ci/deploy/front-api.yaml'], 'default', noInput);
  const [container] = objects.Rollout[0]?.spec?.template?.spec?.containers ?? [];
  if (image !== undefined && container !== undefined) container.image = image;
  embedded.apply(objects);
  const folder = temporaryFolder();
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  mkdirSync(join(folder, 'deploy'));
  symlinkSync(resolve('bin/serin.js'), join(bin, 'serin'));
  for (const [name, text] of Object.entries({
    kustomize,
    skaffold,
    circleci,
    docker: noting,
    npm: noting,
  })) {
    writeFileSync(join(bin, name), text);
    chmodSync(join(bin, name), 0o755);
  }
  const env: Env = {
    PATH: `${bin}:${dirname(process.execPath)}:/usr/bin:/bin`,
    XDG_STATE_HOME: '/nonexistent',
    STAGE: folder,
    CLUSTER_TOKEN: embedded.token,
    SERIN_SERVER: embedded.server,
    SERIN_CLUSTER: embedded.cluster,
    SERIN_PACKAGE: './serin.tgz',
    REGISTRY: 'registry.example',
  };
  /** Runs a step as CI does, in a shell that ends at the first failure. */
  const shell = (command: string, more: Env = {}) =>
    new Promise<{ code: number; out: string }>((done) => {
      const options = { cwd: join(folder, 'deploy'), env: { ...env, ...more } };
      const child = execFile(
        'bash',
        ['--norc', '-eo', 'pipefail', '-c', command],
        options,
        (error, out, err) => done({ code: Number(error?.code ?? 0), out: out + err }),
      );
      child.stdin?.end();
    });
  await shell('serin wait front-api --timeout 30s', { SERIN_TOKEN: embedded.token });
  return {
    ...embedded,
    env,
    said,
    shell,
    called: () => readFileSync(join(folder, 'called'), 'utf8'),
  };
}

function commandsOf(steps: (Step | string)[]): Map<string, string> {
  const runs = steps.flatMap((step) => {
    const run = typeof step === 'string' ? undefined : step.run;
    if (run === undefined || typeof run === 'string') return [];
    const { name, command } = run as { name: string; command: string };
    return [[name, command] as const];
  });
  return new Map(runs);
}

describe('CircleCI', { timeout: 240_000 }, () => {
  const { jobs, workflows } = example('circleci/config.yml');

  it('builds, edits the image, deploys, looks, promotes', async () => {
    const { shell, token, said, called } = await stage();
    const job = { CIRCLE_SHA1: 'abc1234', JOB_TOKEN: token, CIRCLE_WORKFLOW_ID: 'w-1' };
    const steps = ['build', 'deploy', 'promote'].flatMap((name) => [
      ...commandsOf(jobs[name].steps),
    ]);
    const told = new Map<string, string>();
    for (const [name, command] of steps) {
      if (name.startsWith('Abort')) continue;
      const { code, out } = await shell(command, job);
      expect([name, code, out]).toEqual([name, 0, expect.any(String)]);
      told.set(name, out);
    }
    expect(called()).toMatch(/docker push registry\.example\/front-api:abc1234\n/);
    expect(told.get('Wait for the canary, and look at it')).toMatch(/front-api:abc1234 \(canary\)/);
    expect(told.get('Promote what this pipeline built, and nothing else')).toMatch(/✔ Healthy.*\n/);
    expect(said.join('\n')).toMatch(/promote: done.* approved in w-1/);
  });

  it('looks at what it deployed and at nothing else, however late that comes', async () => {
    const { shell, token } = await stage();
    const job = { CIRCLE_SHA1: 'abc1234', JOB_TOKEN: token };
    const look = commandsOf(jobs.deploy.steps).get('Wait for the canary, and look at it') ?? '';
    const looking = shell(look, job);
    await new Promise((later) => setTimeout(later, 1500));
    await shell('serin set image front-api front-api=registry.example/front-api:abc1234', {
      SERIN_TOKEN: token,
    });
    const { code, out } = await looking;
    expect([code, out]).toEqual([0, expect.stringMatching(/Paused/)]);
    expect(out).toMatch(/front-api:abc1234 \(canary\)/);
  });

  it('the first version of all has no canary, and the pipeline goes on', async () => {
    const { shell, token } = await stage('registry.example/front-api:abc1234');
    const job = { CIRCLE_SHA1: 'abc1234', JOB_TOKEN: token };
    for (const name of ['deploy', 'promote']) {
      for (const [title, command] of commandsOf(jobs[name].steps)) {
        if (!/^(Wait|Promote)/.test(title)) continue;
        const { code, out } = await shell(command, job);
        expect([title, code, out]).toEqual([title, 0, expect.any(String)]);
      }
    }
  });

  it('that is run again, after all was released, has nothing to do and says so', async () => {
    const { shell, token, said } = await stage();
    const job = { CIRCLE_SHA1: 'abc1234', JOB_TOKEN: token, CIRCLE_WORKFLOW_ID: 'w-1' };
    await shell('serin set image front-api front-api=registry.example/front-api:abc1234', {
      SERIN_TOKEN: token,
    });
    await shell('serin wait front-api --for paused', { SERIN_TOKEN: token });
    await shell('serin promote front-api --full', { SERIN_TOKEN: token });
    await shell('serin wait front-api', { SERIN_TOKEN: token });
    const again = new Map<string, string>();
    for (const name of ['deploy', 'promote']) {
      for (const [title, command] of commandsOf(jobs[name].steps)) {
        if (title.startsWith('Abort')) continue;
        const { code, out } = await shell(command, job);
        expect([title, code, out]).toEqual([title, 0, expect.any(String)]);
        again.set(title, out);
      }
    }
    expect(again.get('Wait for the canary, and look at it')).toMatch(/the release is over/);
    expect(again.get('Promote what this pipeline built, and nothing else')).toMatch(
      /Nothing was done\..* the rollout is Healthy\.\n/,
    );
    expect(said.filter((line) => /promote/.test(line))).toHaveLength(1);
  });

  it('promotes no other image, and aborts what does not become healthy', async () => {
    const { shell, token } = await stage();
    const commands = commandsOf(jobs.promote.steps);
    const promote = commands.get('Promote what this pipeline built, and nothing else') ?? '';
    const abort = commands.get('Abort what did not become healthy') ?? '';
    const job = { JOB_TOKEN: token, CIRCLE_WORKFLOW_ID: 'w-2' };
    await shell(
      'kustomize edit set image front-api=registry.example/front-api:mine && skaffold run',
    );
    await shell('serin wait front-api --for paused', { SERIN_TOKEN: token });
    const other = await shell(promote, { ...job, CIRCLE_SHA1: 'other' });
    expect(other.code).toBe(1);
    expect(other.out).toMatch(/image registry\.example\/front-api:other was expected/);
    expect((await shell(abort, { ...job, CIRCLE_SHA1: 'mine' })).code).toBe(0);
    const after = await shell('serin status front-api --wait', { SERIN_TOKEN: token });
    expect(after).toMatchObject({ code: 1, out: expect.stringMatching(/Degraded/) });
  });

  it('signs in by the token of the job, and the promote waits for a person', () => {
    const text = readFileSync('examples/ci/circleci/config.yml', 'utf8');
    expect(text).not.toMatch(/SERIN_TOKEN(?!="\$\(circleci run oidc get )/);
    const [build, deploy, look, promote] = workflows.release.jobs;
    expect(build.build.filters.branches.only).toBe('main');
    expect(deploy.deploy.requires).toEqual(['build']);
    expect(look.look).toEqual({ type: 'approval', requires: ['deploy'] });
    expect(promote.promote.requires).toEqual(['look']);
  });

  it('the orb waits, promotes and aborts; its parameters cannot become commands', async () => {
    const { commands } = example('circleci/orb.yml');
    const { shell, token } = await stage();
    const evil = 'it is "fine"; touch $STAGE/evil `touch $STAGE/evil`';
    const image = 'registry.example/front-api:mine';
    const run = (name: string, params: Env) => {
      const { environment, command } = commands[name].steps[0].run;
      const { parameters } = commands[name];
      const variables = Object.entries(environment as Env).map(([variable, reference]) => {
        const parameter = /^<< parameters\.(\w+) >>$/.exec(reference)?.[1] ?? '';
        expect(Object.keys(parameters)).toContain(parameter);
        return [variable, params[parameter] ?? parameters[parameter].default ?? ''];
      });
      expect(command).not.toMatch(/<</);
      return shell(command, { JOB_TOKEN: token, ...Object.fromEntries(variables) });
    };
    expect(Object.keys(commands)).toEqual(['install', 'wait', 'promote', 'abort']);
    expect((await run('install', { package: './serin.tgz' })).code).toBe(0);
    const set = `kustomize edit set image front-api=${image} && skaffold run`;
    await shell(set);
    expect((await run('wait', { rollout: 'front-api', for: 'paused', image })).code).toBe(0);
    expect(await run('promote', { rollout: 'front-api' })).toMatchObject({
      out: expect.stringMatching(/the image that was tested/),
    });
    const promoted = await run('promote', { rollout: 'front-api', image, reason: evil });
    expect(promoted.out).toMatch(/✔ Healthy.*\n/);
    await shell(set.replace('mine', 'bad'));
    await run('wait', { rollout: 'front-api', for: 'paused' });
    expect((await run('abort', { rollout: 'front-api', reason: evil })).code).toBe(0);
    expect((await shell('ls "$STAGE"')).out).not.toMatch(/evil/);
    const { out } = await shell('serin history front-api', { SERIN_TOKEN: token });
    expect(out).toContain(evil);
  });
});

describe('GitHub', { timeout: 240_000 }, () => {
  const action = example('github/serin/action.yml');
  const workflow = example('github/release.yml');
  type Use = { uses?: string; with: Env };

  it('the action promotes, waits and aborts, signed in by the token of the job', async () => {
    const { shell, token, server, cluster } = await stage();
    const runner = await stubServer(() => ({ status: 200, body: { value: token } }));
    const [node, install, main] = action.runs.steps as { uses?: string; env: Env; run: string }[];
    expect(node?.uses).toMatch(/^actions\/setup-node@/);
    const run = async (given: Env) => {
      const inputs = { rollout: 'front-api', server, cluster, audience: 'serin', ...given } as Env;
      const env = Object.entries(main?.env ?? {}).map(([name, reference]) => {
        const input = /^\$\{\{ inputs\.(\w+) \}\}$/.exec(reference)?.[1] ?? '';
        expect(Object.keys(action.inputs)).toContain(input);
        return [name, inputs[input] ?? action.inputs[input].default ?? ''];
      });
      return shell(main?.run ?? '', {
        ...Object.fromEntries(env),
        ACTIONS_ID_TOKEN_REQUEST_URL: `${runner.env.SERIN_SERVER}/token?v=1`,
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'r',
      });
    };
    for (const step of [install, main]) expect(step?.run).not.toMatch(/\$\{\{/);
    expect((await shell(install?.run ?? '', { PACKAGE: 'x' })).code).toBe(0);
    const image = 'registry.example/front-api:mine';
    await shell(`kustomize edit set image front-api=${image} && skaffold run`);
    expect((await run({ command: 'wait', for: 'paused', image })).code).toBe(0);
    expect((await run({ command: 'promote', image: 'x:other' })).code).toBe(1);
    const promoted = await run({ command: 'promote', image, reason: 'run 7; exit 1' });
    expect(promoted).toMatchObject({ code: 0, out: expect.stringMatching(/✔ Healthy.*\n/) });
    expect(runner.seen[0]?.url).toBe('/token?v=1&audience=serin');
    await shell('kustomize edit set image front-api=x:bad && skaffold run');
    await run({ command: 'wait', for: 'paused' });
    expect((await run({ command: 'abort', image: 'x:bad' })).code).toBe(0);
    const wrong = await run({ command: 'delete' });
    expect(wrong).toMatchObject({ code: 2, out: expect.stringMatching(/wait, promote or abort/) });
  });

  it('the workflow names inputs that the action has, and what it needs', () => {
    const { deploy, promote } = workflow.jobs;
    const required = Object.entries(action.inputs as Record<string, { required?: boolean }>)
      .filter(([, { required }]) => required === true)
      .map(([name]) => name);
    for (const { permissions, steps } of [deploy, promote]) {
      expect(permissions['id-token']).toBe('write');
      for (const { with: inputs } of (steps as Use[]).filter(({ uses }) =>
        uses?.endsWith('serin'),
      )) {
        expect(Object.keys(action.inputs)).toEqual(expect.arrayContaining(Object.keys(inputs)));
        expect(Object.keys(inputs)).toEqual(expect.arrayContaining(required));
        expect(inputs.image).toMatch(/^\$\{\{ env\.IMAGE \}\}$/);
      }
      for (const { run = '' } of steps as { run?: string }[]) expect(run).not.toMatch(/\$\{\{/);
    }
    expect(promote).toMatchObject({ needs: 'deploy', environment: 'production' });
    expect(workflow.on.push.branches).toEqual(['main']);
  });
});

describe('what an example runs and does not install', () => {
  it.each(['circleci/config.yml', 'github/release.yml'])(
    'is named in %s before it is used',
    (path) => {
      const text = readFileSync(`examples/ci/${path}`, 'utf8');
      const head = text.slice(0, text.search(/^\w/m));
      const rest = text.slice(head.length);
      const runs = ['docker', 'kustomize', 'skaffold'].filter((name) =>
        new RegExp(`(?:^|: )\\s*${name} `, 'm').test(rest),
      );
      expect(runs).toEqual(['docker', 'kustomize', 'skaffold']);
      // skaffold applies with kubectl, and docker pushes to a registry that wants to know who.
      for (const name of ['kustomize', 'skaffold', 'kubectl', 'docker login']) {
        expect(head).toMatch(new RegExp(`Before you use it:[^]*${name}`));
      }
    },
  );
});

describe('skaffold, kustomize and Argo CD', () => {
  it('name the same application', () => {
    const { manifests, deploy } = example('skaffold.yaml');
    expect(manifests.kustomize.paths).toEqual(['deploy']);
    expect(deploy.statusCheck).toBe(false);
    const { resources, images } = example('deploy/kustomization.yaml');
    expect(resources).toEqual(['front-api.yaml']);
    const { template } = example('deploy/front-api.yaml').spec;
    expect(images[0].name).toBe(template.spec.containers[0].image);
  });

  it('Argo CD leaves to Serin what is not of Git, and nothing of the template', () => {
    const { spec } = example('argocd/application.yaml');
    expect(spec.syncPolicy.syncOptions).toContain('RespectIgnoreDifferences=true');
    const pointers = spec.ignoreDifferences.flatMap(
      (each: { jsonPointers: string[] }) => each.jsonPointers,
    );
    expect(pointers).toContain('/spec/paused');
    for (const pointer of pointers) expect(pointer).not.toMatch(/^\/spec\/template/);
  });
});
