import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { ControlPlane } from './controlPlane.ts';

export type Barrier = {
  /** Where the API server is reached through it. */
  server: string;
  /** From now on open watches are silent, and stay open whatever becomes of the API server. */
  hold: () => void;
  /** Ends those watches as the API server ends one whose time is over. */
  release: () => void;
  /** How many watches the API server has answered with 410, their version being too old. */
  expired: () => number;
  close: () => void;
};

/** Stands between a client and the API server, as a proxy that keeps what it should have handed on. */
export async function startBarrier(plane: ControlPlane): Promise<Barrier> {
  const config = JSON.parse(readFileSync(plane.kubeconfig, 'utf8'));
  const encoded: string = config.clusters[0].cluster['certificate-authority-data'];
  const ca = Buffer.from(encoded, 'base64');
  const watches = new Set<ServerResponse>();
  const state = { isHeld: false, expired: 0 };
  const handOn = (asked: IncomingMessage, answer: ServerResponse): void => {
    const isWatch = /[?&]watch=true/.test(asked.url ?? '');
    const { method, headers } = asked;
    const onward = request(`${plane.server}${asked.url}`, { method, headers, ca });
    const isKept = () => state.isHeld && watches.has(answer);
    const broken = () => isKept() || answer.destroy();
    onward.on('error', broken);
    onward.on('response', (response) => {
      if (isWatch && response.statusCode === 410) state.expired += 1;
      if (isWatch && response.statusCode === 200) watches.add(answer);
      answer.writeHead(response.statusCode ?? 502, response.headers);
      answer.flushHeaders();
      response.on('data', (chunk: Buffer) => {
        if (isKept()) return;
        if (isWatch && /"type":"ERROR".*"code":410/s.test(chunk.toString())) state.expired += 1;
        answer.write(chunk);
      });
      response.on('end', () => isKept() || answer.end());
      response.on('error', broken);
    });
    answer.on('close', () => {
      watches.delete(answer);
      onward.destroy();
    });
    asked.pipe(onward);
  };
  const proxy = createServer(handOn).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return {
    server: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    hold: () => {
      state.isHeld = true;
    },
    release: () => {
      state.isHeld = false;
      for (const answer of watches) answer.end();
    },
    expired: () => state.expired,
    close: () => {
      proxy.close();
      proxy.closeAllConnections();
    },
  };
}
