import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

export type Sabotage = {
  name: string;
  file: string;
  find: string;
  replace: string;
  /** Only such runs meet with it: behind load balancers, or with what is named. */
  met?: 'balanced' | 'routed' | 'analysed' | 'experiments' | 'workload';
};

const root = new URL('../../', import.meta.url);

/** What the source would be with the bug in it. Says so when the place is not there, or not alone. */
export function planted({ file, find, replace }: Sabotage): string {
  const source = readFileSync(fileURLToPath(new URL(file, root)), 'utf8');
  const found = source.split(find).length - 1;
  if (found !== 1) throw new Error(`${file}: the place occurs ${found} times, not once: ${find}`);
  return source.replace(find, () => replace);
}

/** From now on that file is loaded with the bug in it; the answer says whether it was. */
export function plant(bug: Sabotage): () => boolean {
  const url = pathToFileURL(fileURLToPath(new URL(bug.file, root))).href;
  const source = planted(bug);
  let isLoaded = false;
  registerHooks({
    load: (loaded, context, next) => {
      const answer = next(loaded, context);
      if (loaded !== url) return answer;
      isLoaded = true;
      return { ...answer, source };
    },
  });
  return () => isLoaded;
}
