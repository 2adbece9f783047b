import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

// What stands in for AWS in the tests, from package registries at the versions that the files next to
// this one name, and kept outside the tree, so that it is fetched once.

const run = promisify(execFile);

type Kit = {
  /** What decides what is installed. */
  files: string[];
  /** Installs into an empty folder, which is moved into place afterwards. */
  install: (folder: string) => Promise<void>;
};

const kits = {
  /** moto and cfn-lint, in a virtual environment of Python. */
  python: {
    files: ['requirements.txt'],
    install: async (folder) => {
      await start('python3', ['-m', 'venv', folder]);
      const file = join(import.meta.dirname, 'requirements.txt');
      const python = join(folder, 'bin', 'python');
      await start(python, ['-m', 'pip', 'install', '--quiet', '--no-deps', '-r', file]);
    },
  },
  /** DynamoDB Local and what it needs. */
  dynamo: {
    files: ['pom.xml'],
    install: async (folder) => {
      const pom = join(import.meta.dirname, 'pom.xml');
      const goal = ['dependency:copy-dependencies', `-DoutputDirectory=${folder}`];
      await start('mvn', ['--quiet', '--batch-mode', '-f', pom, ...goal]);
    },
  },
  /** Lambda's runtime interface. Its native part is built here, against the headers of the Node that runs. */
  runtime: {
    files: ['runtime/package.json', 'runtime/package-lock.json'],
    install: async (folder) => {
      await npmCi(join(import.meta.dirname, 'runtime'), folder);
    },
  },
  /** What deploys Serin, here to make the template alone. */
  osls: {
    files: ['../../infra/osls/package.json', '../../infra/osls/package-lock.json'],
    install: (folder) => npmCi(join(import.meta.dirname, '..', '..', 'infra', 'osls'), folder),
  },
} satisfies Record<string, Kit>;

type KitName = keyof typeof kits;

async function npmCi(source: string, folder: string): Promise<void> {
  for (const file of ['package.json', 'package-lock.json']) {
    await cp(join(source, file), join(folder, file));
  }
  await start('npm', ['ci', '--no-fund', '--no-audit'], {
    cwd: folder,
    env: {
      PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
      npm_config_nodedir: nodeFolder(),
    },
  });
}

/** To be run as `PYTHON SCRIPT …`. */
export type PythonScript = { python: string; script: string };

/** The interface that runs a bundle as Lambda does: `node RUNTIME index.handler`. */
export async function runtimeInterface(): Promise<string> {
  return join(await installed('runtime'), 'node_modules', 'aws-lambda-ric', 'index.mjs');
}

/** Its script, for Node. */
export async function osls(): Promise<string> {
  return join(await installed('osls'), 'node_modules', '.bin', 'osls');
}

export async function motoServer(): Promise<PythonScript> {
  return inPython('moto_server');
}

/** Checks CloudFormation templates. */
export async function cfnLint(): Promise<PythonScript> {
  return inPython('cfn-lint');
}

/** The folder of DynamoDB Local's jars. */
export const dynamoJars = (): Promise<string> => installed('dynamo');

/** Scripts of a virtual environment name the folder they were made in: they are run through its Python. */
async function inPython(script: string): Promise<PythonScript> {
  const bin = join(await installed('python'), 'bin');
  return { python: join(bin, 'python'), script: join(bin, script) };
}

/** The folder of a kit, which is installed first where it is missing. */
async function installed(name: KitName, tell?: (line: string) => void): Promise<string> {
  const { files, install }: Kit = kits[name];
  const target = join(cacheFolder(), `${name}-${await fingerprint(files)}`);
  if (existsSync(target)) return target;
  const startedAt = Date.now();
  tell?.(`installing ${name} …`);
  const unfinished = `${target}.${process.pid}`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true });
  await install(unfinished);
  // Whole or not at all, also when two test runs install it at the same time.
  await rename(unfinished, target).catch((error: unknown) => {
    if (!existsSync(target)) throw error;
  });
  tell?.(`installed ${name} in ${Math.round((Date.now() - startedAt) / 1000)} s`);
  return target;
}

function cacheFolder(): string {
  const base = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return join(base, 'serin', 'aws');
}

/** Where the headers of the Node that runs are. */
function nodeFolder(): string {
  const folder = dirname(dirname(process.execPath));
  if (!existsSync(join(folder, 'include', 'node'))) {
    throw new Error(
      `Node's headers are not beside ${process.execPath}: run this by npm run test:aws.`,
    );
  }
  return folder;
}

/** Native parts fit one version of Node. */
async function fingerprint(files: string[]): Promise<string> {
  const hash = createHash('sha256').update(`${process.version} ${process.arch}`);
  for (const file of files) hash.update(await readFile(join(import.meta.dirname, file)));
  return hash.digest('hex').slice(0, 16);
}

const needed: Record<string, string> = {
  python3: 'Python 3.11 with venv: moto and cfn-lint run on it',
  mvn: 'Maven and Java 17: DynamoDB Local comes and runs by them',
};

async function start(
  program: string,
  args: string[],
  { cwd, env = {} }: { cwd?: string; env?: Record<string, string> } = {},
): Promise<void> {
  const options = { env: { ...process.env, ...env }, maxBuffer: 2 ** 26, ...(cwd && { cwd }) };
  try {
    await run(program, args, options);
  } catch (error) {
    const { code, stdout, stderr } = error as { code?: unknown; stdout?: string; stderr?: string };
    if (code === 'ENOENT') throw new Error(`${program} is not installed: ${needed[program]}.`);
    const said = `${stdout ?? ''}\n${stderr ?? String(error)}`.trim().slice(-2000);
    throw new Error(`${program} ${args.join(' ')} failed: ${said}`, { cause: error });
  }
}

if (import.meta.main) {
  const tell = (line: string) => process.stderr.write(`${line}\n`);
  for (const name of Object.keys(kits) as KitName[]) await installed(name, tell);
}
