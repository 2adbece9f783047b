import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { readObjects } from '../../cli/manifest.ts';
import { ownVersion } from '../../lib/packaged.ts';
import { startEmbedded } from '../../server/embedded.ts';
import { noInput, stubServer, temporaryFolder } from '../cli/support.ts';

// Runs the shell steps of the examples with the real CLI against all of Serin on a simulated cluster.
// Stand-ins take the place of what cannot run here: AWS, docker, npm's network, kustomize's `edit`, and
// skaffold, which sets the image that kustomize was told, where the real one applies the manifests.

const kustomize =
  '#!/bin/sh\nset -e\ntest "$1 $2 $3" = "edit set image"\necho "$4" >"$STAGE/image"\n';
const skaffold =
  '#!/bin/sh\nset -e\ntest "$1" = run\n' +
  'SERIN_TOKEN="$CLUSTER_TOKEN" serin set image front-api "$(cat "$STAGE/image")"\n';
const noting = '#!/bin/sh\necho "$0 $*" >>"$STAGE/called"\n';
/** Its registry has what was pushed. */
const docker =
  '#!/bin/sh\n[ "$1" != login ] || cat >/dev/null\necho "docker $*" >>"$STAGE/called"\n' +
  '[ "$1" != manifest ] || grep -q "docker push $3" "$STAGE/called"\n';
/** Its own version only: that is what the examples are to name. */
const npx =
  `#!/bin/sh\nset -e\ntest "$1 $2" = "--yes serin@${ownVersion()}"\n` +
  'shift 2\nexec serin "$@"\n';

/** Makes a token for the job, for the audience that Serin's settings ask for. */
const circleci = `#!/bin/bash
[ "$*" = 'run oidc get --claims {"aud": "serin"}' ] && printf %s "$JOB_TOKEN"
`;

type Step = { name?: string; run?: { command: string } | string; command?: string };
type Commands = Record<string, { steps: Step[] }>;
type Env = Record<string, string>;

function example(path: string, folder = 'examples/ci') {
  return parse(readFileSync(join(folder, path), 'utf8'), { merge: true });
}

/** With a Rollout that runs; or, if it is new, with one that was applied this moment. */
async function stage(image?: string, isNew = false) {
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
    docker,
    npx,
    npm: noting,
    aws: noting,
  })) {
    writeFileSync(join(bin, name), text);
    chmodSync(join(bin, name), 0o755);
  }
  const env: Env = {
    PATH: `${bin}:${dirname(process.execPath)}:/usr/bin:/bin`,
    XDG_STATE_HOME: '/nonexistent',
    HOME: folder,
    BASH_ENV: join(folder, 'environment'),
    STAGE: folder,
    CLUSTER_TOKEN: embedded.token,
    SERIN_SERVER: embedded.server,
    SERIN_CLUSTER: embedded.cluster,
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
  const settled = 'serin wait front-api --timeout 30s';
  if (!isNew) await shell(settled, { SERIN_TOKEN: embedded.token });
  return {
    ...embedded,
    env,
    said,
    shell,
    called: () => readFileSync(join(folder, 'called'), 'utf8'),
  };
}

/** What a job runs; not what installs programs from the network. */
function commandsOf(steps: (Step | string)[], commands: Commands = {}): Map<string, string> {
  const own = steps.flatMap((step) => {
    if (typeof step !== 'string') return [step];
    return step.startsWith('install-') ? [] : (commands[step]?.steps ?? []);
  });
  const runs = own.flatMap(({ run }) => {
    if (run === undefined || typeof run === 'string') return [];
    const { name, command } = run as { name: string; command: string };
    return [[name, command] as const];
  });
  return new Map(runs);
}

describe('CircleCI', { timeout: 240_000 }, () => {
  const { jobs, workflows, commands } = example('circleci/config.yml');

  it('builds, edits the image, deploys, looks, promotes', async () => {
    const { shell, token, said, called } = await stage();
    const job = { CIRCLE_SHA1: 'abc1234', JOB_TOKEN: token, CIRCLE_WORKFLOW_ID: 'w-1' };
    const steps = ['build', 'deploy', 'promote'].flatMap((name) => [
      ...commandsOf(jobs[name].steps, commands),
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
    // Of the same commit again: another build would be another image under the same tag.
    const build = commandsOf(jobs.build.steps).get('Build and push, unless a run before has') ?? '';
    expect((await shell(build, job)).code).toBe(0);
    expect(called().match(/docker push/g)).toHaveLength(1);
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
    const { shell, token } = await stage('registry.example/front-api:abc1234', true);
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
    expect(text).not.toMatch(/AWS_(?:ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN)/);
    const [build, deploy, look, promote] = workflows.release.jobs;
    expect(build.build.filters.branches.only).toBe('main');
    expect(deploy.deploy.requires).toEqual(['build']);
    expect(look.look).toEqual({ type: 'approval', requires: ['deploy'] });
    expect(promote.promote.requires).toEqual(['look']);
  });

  it('the orb waits, promotes and aborts; its parameters cannot become commands', async () => {
    const { commands } = example('orb.yml', '.');
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
    const bad = image.replace('mine', 'bad');
    await run('wait', { rollout: 'front-api', for: 'paused', image: bad });
    expect((await run('abort', { rollout: 'front-api', reason: evil })).code).toBe(0);
    expect((await shell('ls "$STAGE"')).out).not.toMatch(/evil/);
    const { out } = await shell('serin history front-api', { SERIN_TOKEN: token });
    expect(out).toContain(evil);
  });
});

describe('GitHub', { timeout: 240_000 }, () => {
  const action = example('action.yml', '.');
  const workflow = example('github/release.yml');

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
    expect(wrong).toMatchObject({
      code: 2,
      out: expect.stringMatching(/wait, promote, abort or install/),
    });
  });

  it.each([
    ['a canary', false],
    ['the first version of all', true],
  ])('the workflow releases %s, and ends well when it is run again', async (_name, isNew) => {
    const image = 'registry.example/front-api:abc1234';
    const { shell, token, server, cluster, said, called } = await stage(
      isNew ? image : undefined,
      isNew,
    );
    const runner = await stubServer(() => ({ status: 200, body: { value: token } }));
    const job = {
      ...{ IMAGE: image, SERIN_SERVER: server, SERIN_CLUSTER: cluster, GITHUB_RUN_ID: '7' },
      SERIN_OIDC_AUDIENCE: workflow.env.SERIN_OIDC_AUDIENCE,
      ACTIONS_ID_TOKEN_REQUEST_URL: `${runner.env.SERIN_SERVER}/token?v=1`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'r',
    };
    const steps = ['deploy', 'promote'].flatMap((name) => workflow.jobs[name].steps);
    for (const { name, run } of [...steps, ...steps] as { name: string; run?: string }[]) {
      if (run === undefined || /^(Install|Abort)/.test(name)) continue;
      const { code, out } = await shell(run, job);
      expect([name, code, out]).toEqual([name, 0, expect.any(String)]);
    }
    expect(called().match(/docker push/g)).toHaveLength(1);
    expect(said.filter((line) => /promote: done/.test(line))).toHaveLength(isNew ? 0 : 1);
  });

  it('the workflow signs in by the tokens of its jobs, and no value becomes a command', () => {
    const { deploy, promote } = workflow.jobs;
    for (const { permissions, steps } of [deploy, promote]) {
      expect(permissions['id-token']).toBe('write');
      for (const { run = '' } of steps as { run?: string }[]) expect(run).not.toMatch(/\$\{\{/);
    }
    expect(readFileSync('examples/ci/github/release.yml', 'utf8')).not.toMatch(/secrets\./);
    expect(promote).toMatchObject({ needs: 'deploy', environment: 'production' });
    expect(workflow.on.push.branches).toEqual(['main']);
  });
});

describe('skaffold, kustomize and Argo CD', () => {
  it('name the same application', () => {
    const { manifests, deploy } = example('skaffold.yaml');
    expect(manifests.kustomize.paths).toEqual(['deploy']);
    expect(deploy.statusCheck).toBe(false);
    // Else each run of skaffold is a new version: it writes its id into the template.
    expect(example('skaffold.yaml').resourceSelector.deny).toEqual([
      { groupKind: 'Rollout.argoproj.io', labels: ['.spec.template.metadata.labels'] },
    ]);
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
