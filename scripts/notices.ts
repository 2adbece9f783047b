import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

// The licences of what is bundled, which go where its code goes.

/** Writes a text with the licence of each package that these files are of, for a folder of the package. */
export async function writeNotices(
  { root, outdir }: { root: string; outdir: string },
  inputs: string[],
): Promise<void> {
  // Some name their plugin first.
  const folders = inputs.flatMap(
    (input) => input.match(/node_modules\/(?:.*node_modules\/)?(?:@[^/]+\/)?[^/]+/) ?? [],
  );
  const byText = new Map<string, string[]>();
  for (const folder of [...new Set(folders)].sort()) {
    const { name, version, license, text } = await licenceOf(join(root, folder));
    const names = byText.get(text) ?? [];
    byText.set(text, [...names, `${name} ${version} (${license})`]);
  }
  const parts = [...byText].map(([text, names]) => `${names.join('\n')}\n\n${text.trim()}\n`);
  const intro = 'The package of Serin contains code of these packages.\n';
  await writeFile(
    join(outdir, 'THIRD-PARTY.txt'),
    [intro, ...parts].join(`\n${'-'.repeat(72)}\n\n`),
  );
}

async function licenceOf(folder: string) {
  const { name, version, license } = JSON.parse(
    await readFile(join(folder, 'package.json'), 'utf8'),
  );
  if (typeof license !== 'string') throw new Error(`${name} does not say its licence`);
  const files = (await readdir(folder)).filter((each) =>
    /^(licen[cs]e|copying|notice)/i.test(each),
  );
  const texts = await Promise.all(files.sort().map((file) => readFile(join(folder, file), 'utf8')));
  // Some say it in their package.json alone.
  return { name, version, license, text: texts.join('\n') || `Licence: ${license}` };
}
