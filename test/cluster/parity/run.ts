import { parseArgs } from 'node:util';
import { startControlPlane } from '../controlPlane.ts';
import { installArgoDefinitions } from '../peer.ts';
import { installRouterDefinitions } from '../routerDefinitions.ts';
import { compareAll } from './compareAll.ts';

// `npm run test:parity [-- --routed | SCENARIO…]`: Argo's controller and Serin side by side. `--routed`: the
// scenarios with a router too.

const { values, positionals: names } = parseArgs({
  options: { routed: { type: 'boolean', default: false } },
  allowPositionals: true,
});

const say = (line: string): boolean => process.stdout.write(`${line}\n`);
const plane = await startControlPlane({ tell: say });
try {
  await installArgoDefinitions(plane);
  await installRouterDefinitions(plane);
  const done = await compareAll(
    plane,
    { names, routed: values.routed },
    ({ scenario, unmeant, again }) => {
      const played = again ? ' (Argo collided with its own ReplicaSet, and was played again)' : '';
      say(`${unmeant.length === 0 ? 'equal ' : 'DIFFER'}  ${scenario}${played}`);
      for (const { at, field, argo, ours } of unmeant) {
        say(`  ${at}, ${field}: Argo ${argo || 'nothing'} | Serin ${ours || 'nothing'}`);
      }
    },
  );
  const equal = done.filter(({ unmeant }) => unmeant.length === 0).length;
  const meant = done.reduce((sum, each) => sum + each.differences.length - each.unmeant.length, 0);
  say(`${done.length} scenarios, ${equal} equal, ${meant} intended differences`);
  process.exitCode = equal === done.length && done.length > 0 ? 0 : 1;
} finally {
  await plane.stop();
}
