import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';

// What keeps the bundle small in memory: a process that stays does not hold what it never uses.

/** What the Kubernetes client asks for at once and needs for proxies and for sign-in elsewhere alone. */
const seldom = [
  'hpagent',
  'jsonpath-plus',
  'openid-client',
  'socks',
  'socks-proxy-agent',
  'undici',
];

const seldomFile = (name: string): string => `serin-${name}.cjs`;

/** Each of them in a file of its own, loaded when something of it is first used. Answers of which files. */
export async function buildSeldom(root: string, outdir: string): Promise<string[]> {
  const { metafile } = await build({
    metafile: true,
    absWorkingDir: root,
    entryPoints: seldom,
    outdir,
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    minifySyntax: true,
    minifyWhitespace: true,
    entryNames: 'serin-[name]',
    outExtension: { '.js': '.cjs' },
    logLevel: 'warning',
  });
  return Object.keys(metafile.inputs);
}

/** `inside`: each of them within the bundle, where that is to be one file; still loaded when first used. */
export function lean({ inside = false } = {}): Plugin {
  return {
    name: 'lean',
    setup: (made) => {
      const all = new RegExp(`^(${seldom.join('|')})$`);
      made.onResolve({ filter: all }, ({ path }) => ({ path, namespace: 'seldom' }));
      made.onLoad({ filter: /.*/, namespace: 'seldom' }, async ({ path }) => {
        const names = Object.keys(await import(path)).filter(
          (name) => !['__esModule', 'module.exports'].includes(name),
        );
        const file = JSON.stringify(inside ? path : `./${seldomFile(path)}`);
        const getters = names.map(
          (name) => `get ${JSON.stringify(name)}() {
          return require(${file})[${JSON.stringify(name)}];
        }`,
        );
        return { contents: `module.exports = { __esModule: true, ${getters.join(', ')} };` };
      });
      made.onResolve({ filter: /\.cjs$/, namespace: 'seldom' }, ({ path }) => ({
        path,
        external: true,
      }));
      // An import of it reads all that it exports, and with that loads the whole of Node's `fetch`.
      made.onResolve({ filter: /^(node:)?http$/ }, ({ kind }) =>
        kind === 'import-statement' ? { path: 'http', namespace: 'required' } : undefined,
      );
      made.onLoad({ filter: /.*/, namespace: 'required' }, ({ path }) => ({
        contents: `module.exports = require('node:${path}');`,
      }));
      // Of its generated classes, which are eight hundred, the client's configuration uses these.
      made.onResolve({ filter: /^\.\/gen\/index\.js$/ }, ({ resolveDir }) => ({
        path: join(resolveDir, 'gen'),
        namespace: 'generated',
      }));
      made.onLoad({ filter: /.*/, namespace: 'generated' }, ({ path }) => ({
        contents: `export * from './configuration.js'; export * from './servers.js';`,
        resolveDir: path,
      }));
    },
  };
}
