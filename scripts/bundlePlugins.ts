import { fileURLToPath } from 'node:url';
import type { Plugin } from 'esbuild';

// What is left out of the bundles of functions/lambda/. test/kubernetes/bundle.test.ts and `npm run test:aws`
// run what is left.

const root = fileURLToPath(new URL('..', import.meta.url));

// An import of node:http asks it for every name it has, and for some of them Node loads its own undici; a
// require does not. 10 of sweep's 90 ms of processor time.
const lazyHttp: Plugin = {
  name: 'lazy http',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^(node:)?http$/ }, ({ path, namespace }) =>
      namespace === 'lazy' ? { path, external: true } : { path: 'node:http', namespace: 'lazy' },
    );
    onLoad({ filter: /.*/, namespace: 'lazy' }, () => ({
      contents: "module.exports = require('node:http');",
    }));
  },
};

// Lambda hands credentials over in the environment; the other places there are to look for them, with
// clients of three more services, are a sixth of sweep.
const environmentCredentials: Plugin = {
  name: 'environment credentials',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^@aws-sdk\/credential-provider-node$/ }, ({ path }) => ({
      path,
      namespace: 'credentials',
    }));
    onLoad({ filter: /.*/, namespace: 'credentials' }, () => ({
      contents: `
        import { fromEnv } from '@aws-sdk/credential-provider-env';
        export const defaultProvider = () => fromEnv();`,
      resolveDir: root,
    }));
  },
};

export const bundlePlugins = [lazyHttp, environmentCredentials];

export const tracerFile = 'tracer.mjs';

/** Leaves the tracer out of a bundle: it is loaded from beside it. */
export const tracerBeside: Plugin = {
  name: 'the tracer lies beside',
  setup({ onResolve }) {
    onResolve({ filter: /\/tracer\.ts$/ }, () => ({ path: `./${tracerFile}`, external: true }));
  },
};
