import { copyFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** Cedar's code, which lies beside each bundle that decides by policies. */
export const cedarFile = 'cedar_wasm_bg.wasm';

/** Answers where the copy is. */
export async function copyCedar(folder: string): Promise<string> {
  const module = createRequire(import.meta.url).resolve('@cedar-policy/cedar-wasm/nodejs');
  const copy = join(folder, cedarFile);
  await copyFile(module.replace(/[^/]+$/, cedarFile), copy);
  return copy;
}
