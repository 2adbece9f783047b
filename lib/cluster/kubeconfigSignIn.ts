// Two of its files, because its index also loads exec, attach, port-forward and their web sockets.
import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { HttpMethod, RequestContext } from '@kubernetes/client-node/dist/gen/http/http.js';
import type { Access, SignIn } from './transport.ts';

/**
 * Signs in as a kubeconfig says, one sign-in at a time: it may start a program. The Kubernetes client makes
 * a new connection pool every time, and with it a new TLS handshake; the first is kept. After a refusal
 * all that was remembered is forgotten, tokens and certificates too.
 */
export function kubeConfigSignIn(kubeConfig: KubeConfig): SignIn {
  let kept: { config: KubeConfig; dispatcher?: Access['dispatcher'] } | undefined;
  let underway: Promise<Access> | undefined;
  const signIn = async (): Promise<Access> => {
    const server = kubeConfig.getCurrentCluster()?.server;
    if (server === undefined) throw new Error('the kubeconfig has no current context');
    kept ??= { config: copyOf(kubeConfig) };
    const mine = kept;
    const blank = new RequestContext(server, HttpMethod.GET);
    await mine.config.applySecurityAuthentication(blank).catch((error: unknown) => {
      // What a plugin prints may hold the secrets it works with.
      const plugin = kubeConfig.getCurrentUser()?.exec?.command;
      if (plugin === undefined) throw error;
      throw new Error(`the plugin ${plugin} of the kubeconfig failed; run it by hand to see why`);
    });
    mine.dispatcher ??= blank.getDispatcher();
    const { dispatcher } = mine;
    return { server, headers: blank.getHeaders(), ...(dispatcher && { dispatcher }) };
  };
  return async ({ fresh }) => {
    if (fresh) {
      kept = undefined;
      underway = undefined;
    }
    const wait = underway ?? signIn();
    underway = wait;
    try {
      return await wait;
    } finally {
      if (underway === wait) underway = undefined;
    }
  };
}

/** The client keeps an exec plugin's token in the configuration, and only a copy has none. */
function copyOf({ clusters, users, contexts, currentContext }: KubeConfig): KubeConfig {
  const copy = new KubeConfig();
  copy.loadFromOptions({ clusters, users, contexts, currentContext });
  return copy;
}
