import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sectionOf } from './changelogText.ts';

// Makes what a release consists of, from a clean tree, in release/: the package, what is in it (SBOM), its
// section of CHANGELOG.md, and the checksums of all. Publishes nothing: `npm publish
// release/serin-VERSION.tgz --provenance` does, in a CI that npm trusts.

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
// All of it is bundled, so that the libraries are development dependencies.
const sbom = run('npm', 'sbom', '--sbom-format', 'cyclonedx', '--package-lock-only');
writeFileSync(join(out, `serin-${version}.cdx.json`), sbom);
writeFileSync(join(out, `serin-${version}.md`), `${notes}\n`);
const files = readdirSync(out).filter((name) => name.startsWith(`serin-${version}.`));
const sums = files.sort().map((name) => {
  const digest = createHash('sha256').update(readFileSync(join(out, name)));
  return `${digest.digest('hex')}  ${name}\n`;
});
writeFileSync(join(out, 'SHA256SUMS'), sums.join(''));
process.stdout.write(sums.join(''));
