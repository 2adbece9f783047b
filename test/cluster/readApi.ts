import { readFileSync } from 'node:fs';
import { Agent, get } from 'node:https';
import { join } from 'node:path';

/**
 * Reads from an API server as its administrator, in this process: kubectl takes a tenth of a second of a core
 * for each look, which is much where a test looks again and again. Rejects unless the answer is 200.
 */
export function apiReader(server: string, dir: string): (path: string) => Promise<unknown> {
  const agent = new Agent({ keepAlive: true });
  const headers = { authorization: 'Bearer token-of-admin' };
  return (path) =>
    new Promise((resolve, reject) => {
      const ca = readFileSync(join(dir, 'certs', 'apiserver.crt'));
      const asking = get(`${server}${path}`, { agent, ca, headers }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.once('error', reject);
        answer.once('end', () => {
          const text = Buffer.concat(chunks).toString();
          if (answer.statusCode === 200) resolve(JSON.parse(text));
          else reject(new Error(`GET ${path}: ${answer.statusCode} ${text}`));
        });
      });
      asking.once('error', reject);
    });
}
