import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { binaries, programNames, usualPrograms } from './binaries.ts';

// Runs a command where there is no network but loopback, since Argo's controller listens on all
// addresses: in a network namespace of its own, for which it takes root. Without root it runs as it is.
// What is missing is built before, while there is a network: the usual programs, or those of `--only=a,b`.
// There the addresses that kwok gives to pods, see kwok-stages.yaml, are this machine's own.

const given = process.argv.slice(2);
const only = given[0]?.match(/^--only=(.*)$/)?.[1]?.split(',');
const names = only ? programNames.filter((name) => only.includes(name)) : usualPrograms;
await binaries(names, (line) => process.stderr.write(`${line}\n`));

const command = only ? given.slice(1) : given;
const isRoot = process.getuid?.() === 0 && process.platform === 'linux';
const setUp = 'ip link set lo up && ip route add local 10.64.0.0/14 dev lo';
const inside = ['--net', '--', 'sh', '-c', `${setUp} && exec "$@"`, 'sh', ...command];
const [path = '', ...args] = isRoot ? ['unshare', ...inside] : command;
const child = spawn(path, args, { stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
const [code] = (await once(child, 'exit')) as [number | null];
process.exitCode = code ?? 1;
