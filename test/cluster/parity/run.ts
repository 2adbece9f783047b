import { startControlPlane } from '../controlPlane.ts';
import { installArgoDefinitions } from '../peer.ts';
import { installRouterDefinitions } from '../routerDefinitions.ts';
import { compareAll } from './compareAll.ts';
import { parityScenarios } from './scenarios.ts';

// `npm run test:parity [-- SCENARIO…]`: Argo's controller and Serin side by side, in all scenarios or in
// those that are named. `run-*` names all that begin so.

const scenarios = parityScenarios(process.argv.slice(2));

const say = (line: string): boolean => process.stdout.write(`${line}\n`);
const plane = await startControlPlane({ tell: say });
try {
  await installArgoDefinitions(plane);
  await installRouterDefinitions(plane);
  const done = await compareAll(plane, scenarios, ({ scenario, unmeant, before }) => {
    const played = before.length > 0 ? ', with Argo played again' : '';
    say(`${unmeant.length === 0 ? 'equal ' : 'DIFFER'}  ${scenario}${played}`);
    for (const { at, field, argo } of before) say(`  the first time ${at}, ${field}: Argo ${argo}`);
    for (const { at, field, argo, ours } of unmeant) {
      say(`  ${at}, ${field}: Argo ${argo || 'nothing'} | Serin ${ours || 'nothing'}`);
    }
  });
  const equal = done.filter(({ unmeant }) => unmeant.length === 0).length;
  const meant = done.reduce((sum, each) => sum + each.differences.length - each.unmeant.length, 0);
  say(`${done.length} scenarios, ${equal} equal, ${meant} intended differences`);
  process.exitCode = equal === done.length && done.length > 0 ? 0 : 1;
} finally {
  await plane.stop();
}
