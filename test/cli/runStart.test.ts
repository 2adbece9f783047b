import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { restApi } from '../../lib/simulate/apiServer/rest/api.ts';
import { restListener } from '../../lib/simulate/apiServer/rest/server.ts';
import { simulation } from '../kubernetes/serve.ts';
import { kubeconfigFor, start, temporaryFolder } from './support.ts';

/** A port on which nobody listens yet. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** `serin run` for an API server at this port, as a process of its own. */
function run(port: number, env: Record<string, string> = {}) {
  const folder = temporaryFolder();
  const server = `http://127.0.0.1:${port}`;
  const kubeconfig = kubeconfigFor(server);
  const args = ['run', '--kubeconfig', kubeconfig, '--port', '0'];
  const child = start(args, { XDG_STATE_HOME: folder, HOME: folder, ...env });
  onTestFinished(() => void child.kill('SIGKILL'));
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      said += chunk;
    });
  }
  const exit = once(child, 'exit') as Promise<[number | null]>;
  return {
    server,
    said: () => said,
    lines: () => said.split('\n').filter((line) => line !== ''),
    saying: (what: RegExp) => expect.poll(() => said, { timeout: 60_000 }).toMatch(what),
    stop: async () => {
      child.kill('SIGINT');
      const [code] = await exit;
      return code;
    },
  };
}

async function listen(server: Server, port: number): Promise<void> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
}

describe('serin run at an API server that is not there', { timeout: 200_000 }, () => {
  it('says so once, with its address, tries again, and begins when it comes', async () => {
    const port = await freePort();
    const { server, saying, lines, stop } = run(port);
    await saying(/no API server answers/);
    // Several tries later.
    await new Promise((later) => setTimeout(later, 3000));
    expect(lines()).toEqual([expect.stringContaining(`no API server answers at ${server}`)]);
    expect(lines()[0]).toMatch(/trying again.*ECONNREFUSED/);
    await listen(createServer(restListener(restApi(simulation().sim))), port);
    await saying(/Serin drives the Rollouts in all namespaces\. Its API is at/);
    expect(lines()[1]).toContain(`the API server at ${server} answers`);
    for (const line of lines()) expect(line).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ {2}\S/);
    expect(await stop()).toBe(0);
  });

  it('ends when it is told to', async () => {
    const { saying, stop } = run(await freePort());
    await saying(/no API server answers/);
    expect(await stop()).toBe(0);
  });

  it('says what a server answers that is none', async () => {
    const port = await freePort();
    const broken = createServer((_, response) => response.writeHead(503).end('starting'));
    await listen(broken, port);
    const { server, saying, stop } = run(port);
    await saying(new RegExp(`no API server answers at ${server}.*503 starting`));
    expect(await stop()).toBe(0);
  });
});
