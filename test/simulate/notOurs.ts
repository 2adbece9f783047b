import type { Controller } from '../../lib/model/controller.ts';

/** Runs are left to what a test says of them: nobody measures. */
export const notOurs: Controller<'AnalysisRun'> = {
  needs: () => [],
  observed: () => ({ observed: {} }),
  decide: () => ({
    ...{ writes: [], events: [], status: {}, reasons: [], intents: [], urgent: false },
    ...{ wake: { waitsFor: 'somebody else' }, over: true },
  }),
  memory: () => ({ memory: {}, told: [], managed: [] }),
  view: () => ({}),
  statusText: (status) => JSON.stringify(status),
};
