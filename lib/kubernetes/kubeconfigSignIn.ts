import type { Agent } from 'node:http';
import type { RequestOptions } from 'node:https';
// One of its files, because its index also loads exec, attach, port-forward and their web sockets.
import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { connections } from './request.ts';
import type { Access, SignIn } from './transport.ts';

/**
 * Signs in as a kubeconfig says, one sign-in at a time: it may start a program. The Kubernetes client makes
 * new connections for every request, and with them new TLS handshakes; here they are kept. After a refusal
 * all that was remembered is forgotten, tokens and certificates too.
 */
export function kubeConfigSignIn(kubeConfig: KubeConfig): SignIn {
  let kept: { config: KubeConfig; agent?: Agent } | undefined;
  let underway: Promise<Access> | undefined;
  const signIn = async (): Promise<Access> => {
    const server = kubeConfig.getCurrentCluster()?.server;
    if (server === undefined) throw new Error('the kubeconfig has no current context');
    kept ??= { config: copyOf(kubeConfig) };
    const mine = kept;
    const options: RequestOptions = {};
    await mine.config.applyToHTTPSOptions(options).catch((error: unknown) => {
      // What a plugin prints may hold the secrets it works with.
      const plugin = kubeConfig.getCurrentUser()?.exec?.command;
      if (plugin === undefined) throw error;
      throw new Error(`the plugin ${plugin} of the kubeconfig failed; run it by hand to see why`);
    });
    mine.agent ??= agentOf(mine.config, server, options);
    return { server, headers: headersOf(options), agent: mine.agent };
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

/** The client's own agents are for proxies: left as they are, they close a connection after each answer. */
function agentOf(config: KubeConfig, server: string, options: RequestOptions): Agent {
  const { agent, ca, cert, key, pfx, passphrase, rejectUnauthorized, servername } = options;
  const given = { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername };
  // Node takes an option that is undefined for one that was chosen.
  const tls = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const isProxied = Boolean(config.getCurrentCluster()?.proxyUrl);
  if (!isProxied || typeof agent !== 'object') return connections(new URL(server).protocol, tls);
  return Object.assign(agent, { keepAlive: true });
}

function headersOf({ headers = {}, auth }: RequestOptions): Record<string, string> {
  const basic = typeof auth === 'string' && Buffer.from(auth).toString('base64');
  const texts = Object.entries(headers).map(([name, value]) => [name, `${value}`]);
  return { ...(basic && { Authorization: `Basic ${basic}` }), ...Object.fromEntries(texts) };
}

/** The client keeps an exec plugin's token in the configuration, and only a copy has none. */
function copyOf({ clusters, users, contexts, currentContext }: KubeConfig): KubeConfig {
  const copy = new KubeConfig();
  copy.loadFromOptions({ clusters, users, contexts, currentContext });
  return copy;
}
