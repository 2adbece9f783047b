import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sectionOf } from './changelogText.ts';

// Makes what a release consists of, from a clean tree, in release/: the package, the executables for Linux,
// what is in them (SBOM), the section of CHANGELOG.md, and the checksums of all. Publishes nothing:
// `npm publish release/serin-VERSION.tgz --provenance` does, in a CI that npm trusts.

const out = 'release';
const run = (program: string, ...args: string[]): string =>
  execFileSync(program, args, { encoding: 'utf8', maxBuffer: 2 ** 28 });

const changed = run('git', 'status', '--porcelain');
if (changed !== '') throw new Error(`commit or remove first:\n${changed}`);
const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
const notes = sectionOf(readFileSync('CHANGELOG.md', 'utf8'), version);
if (notes === undefined) {
  throw new Error(
    `CHANGELOG.md has no section ${version}: \`npm run changelog -- --release\` writes it`,
  );
}
mkdirSync(out, { recursive: true });
run(process.execPath, 'scripts/build.ts');
run('npm', 'pack', '--ignore-scripts', '--pack-destination', out);
for (const system of ['linux-x64', 'linux-arm64']) packExecutable(system);
// All of it is bundled, so that the libraries are development dependencies.
const sbom = run('npm', 'sbom', '--sbom-format', 'cyclonedx', '--package-lock-only');
writeFileSync(join(out, `serin-${version}.cdx.json`), sbom);
writeFileSync(join(out, `serin-${version}.md`), `${notes}\n`);
const files = readdirSync(out).filter((name) => name.startsWith(`serin-${version}`));
const sums = files.sort().map((name) => {
  const digest = createHash('sha256').update(readFileSync(join(out, name)));
  return `${digest.digest('hex')}  ${name}\n`;
});
writeFileSync(join(out, 'SHA256SUMS'), sums.join(''));
process.stdout.write(sums.join(''));

/** With the Node that this runs on, in the package that npm has of it for that system. */
function packExecutable(system: string): void {
  const work = mkdtempSync(join(tmpdir(), 'serin-release-'));
  const node = `node-${system}@${process.versions.node}`;
  const [{ filename }] = JSON.parse(run('npm', 'pack', node, '--json', '--pack-destination', work));
  run('tar', '-xzf', join(work, filename), '-C', work);
  const isOwn = system === `${process.platform}-${process.arch}`;
  const program = isOwn ? process.execPath : join(work, 'package', 'bin', 'node');
  run(process.execPath, 'scripts/executable.ts', '--node', program, '--out', join(work, 'serin'));
  renameSync(join(work, 'package', 'LICENSE'), join(work, 'LICENSE-node'));
  const licences = [
    'LICENSE-node',
    '-C',
    process.cwd(),
    'LICENSE',
    '-C',
    'dist',
    'THIRD-PARTY.txt',
  ];
  const archive = join(out, `serin-${version}-${system}.tar.gz`);
  run('tar', '-czf', archive, '-C', work, 'serin', ...licences);
  rmSync(work, { recursive: true });
}
