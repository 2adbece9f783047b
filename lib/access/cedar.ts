import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { isSea } from 'node:sea';
import startCedar, * as bindings from '@cedar-policy/cedar-wasm/web';
import { packaged } from '../packaged.ts';

/** Where the build put Cedar's code, beside the bundle; absent where the sources run as they are. */
declare const SERIN_CEDAR_WASM: string | undefined;

/** Cedar, ready to decide. */
export type Cedar = Pick<
  typeof bindings,
  'preparsePolicySet' | 'statefulIsAuthorized' | 'validate'
>;

let loading: Promise<Cedar> | undefined;

/** Loads Cedar, once. It is compiled beside whatever else this process starts with. */
export function loadCedar(): Promise<Cedar> {
  loading ??= load();
  return loading;
}

async function load(): Promise<Cedar> {
  await startCedar({ module_or_path: await readWasm() });
  return bindings;
}

async function readWasm(): Promise<Buffer> {
  if (typeof SERIN_CEDAR_WASM !== 'string') return await readFile(installedFile());
  if (isSea()) return packaged('dist').read(SERIN_CEDAR_WASM);
  return await readFile(new URL(SERIN_CEDAR_WASM, import.meta.url));
}

function installedFile(): string {
  // The file is the same for each way of loading it; this way can be looked up.
  const here = createRequire(import.meta.url).resolve('@cedar-policy/cedar-wasm/nodejs');
  return here.replace(/cedar_wasm\.js$/, 'cedar_wasm_bg.wasm');
}
