/**
 * Who may import whom. An area is a folder of lib/, a file directly in lib/, a floor of lib/decide, or a
 * folder beside lib/. It may always import itself. `decide` stands for all its floors. `types` are for
 * `import type` only. `packages` are prefixes: absent means any.
 */
export type Area = { imports: string[]; types?: string[]; packages?: string[] };
const EDGES = ['kubernetes', 'store', 'queue', 'world', 'errors'];
/** The floors of the core: each may use those before it. */
const FLOORS = [
  'release',
  'steps',
  'replicaSets',
  'status',
  'traffic',
  // Runs of nobody have a controller too: it knows nothing of rollouts.
  'analysisRun',
  'analysis',
  'experiments',
  'strategy',
  'guards',
  'commands',
  'rollout',
  'experiment',
].map((floor) => `decide/${floor}`);
const LIB = [
  'model',
  'expr',
  'decide',
  ...EDGES,
  'aws',
  'eks',
  'elb',
  'http',
  'measure',
  'notify',
  'channels',
  'registry',
  'diagnose',
  'packaged',
  'cache',
  'clock',
  'observe',
  'apply',
  'record',
  'view',
  'reconcile',
  'metrics',
  'trial',
  'commands',
  'api',
  'settings',
  'access',
  'hooks',
  'admission',
  'simulate',
  'adopt',
  'web',
];
const EDGE: Area = { imports: ['model', 'world', 'errors', 'aws'] };
export const AREAS: Record<string, Area> = {
  model: { imports: [], packages: [] },
  expr: { imports: ['model'], packages: [] },
  ...Object.fromEntries(
    FLOORS.map((floor, index) => [
      floor,
      { imports: ['model', 'expr', ...FLOORS.slice(0, index)], packages: [] },
    ]),
  ),
  errors: { imports: ['model'] },
  world: { imports: ['model', 'errors'] },
  clock: { imports: ['world'] },
  packaged: { imports: [] },
  cache: { imports: ['model'], packages: [] },
  kubernetes: { imports: [...EDGE.imports, 'cache', 'http'] },
  store: EDGE,
  // That a cluster is silent is a message.
  queue: { imports: [...EDGE.imports, 'notify'] },
  // What people are told of, and by which channels.
  notify: { imports: ['model', 'world', 'errors'] },
  eks: { imports: [...EDGE.imports, 'cache', 'kubernetes'] },
  elb: EDGE,
  // Requests to servers that metrics come from.
  http: { imports: ['model', 'world', 'errors'] },
  // What measurements ask of AWS, and their ways out.
  measure: { imports: [...EDGE.imports, 'http', 'cache'] },
  // The ways out of messages to people, and those only.
  channels: { imports: [...EDGE.imports, 'http', 'measure'] },
  registry: EDGE,
  // Which routers a Rollout uses, the core says.
  diagnose: { imports: [...EDGE.imports, 'decide', 'kubernetes', 'eks', 'registry', 'packaged'] },
  // What to read, and what follows from it, the controller says that they are handed.
  observe: { imports: ['model', 'world', 'errors'] },
  apply: { imports: ['model', 'notify', ...EDGES] },
  view: { imports: ['model', 'decide'] },
  record: { imports: ['model', 'decide', 'view', ...EDGES] },
  reconcile: {
    imports: ['model', 'decide', 'observe', 'apply', 'record', 'view', 'notify', ...EDGES],
  },
  // What a Prometheus is told.
  metrics: { imports: ['model', 'decide', 'world'] },
  // What the API asks of a cluster beside its rollouts.
  trial: { imports: ['model', 'expr', 'decide', 'observe', 'view', 'world', 'errors'] },
  // The rule of a verb is shared with what decides.
  commands: { imports: ['model', 'decide', 'record', 'world', 'errors'] },
  api: {
    imports: ['model', 'commands', 'metrics', 'store', 'world', 'errors'],
    types: ['decide'],
  },
  settings: { imports: ['model', 'hooks', 'cache', 'world', 'errors'] },
  access: {
    imports: ['model', 'commands', 'settings', 'cache', 'world', 'errors', 'packaged'],
    // What the page is told of signing in.
    types: ['web'],
  },
  // A click is for the channels that are told of its rollout.
  hooks: { imports: ['model', 'commands', 'notify', 'cache', 'world', 'errors', 'api'] },
  simulate: { imports: ['model', ...EDGES, 'elb'] },
  admission: { imports: ['model', 'decide', 'registry', 'queue', 'cache', 'world', 'errors'] },
  adopt: {
    imports: [
      'model',
      'decide',
      'observe',
      'record',
      'view',
      'reconcile',
      'simulate',
      'elb',
      'kubernetes',
      'store',
      'world',
      'errors',
    ],
  },
  // Sends the files of the page, and knows nothing of rollouts.
  web: { imports: ['packaged'] },
  // The World of AWS.
  aws: { imports: LIB },
  functions: { imports: LIB, packages: ['@middy/', 'aws-lambda'] },
  // `serin dev` and `serin run` feed the real handlers.
  server: { imports: [...LIB, 'functions'] },
  cli: { imports: [...LIB, 'functions', 'server'] },
  // In a browser: the words of views, the types of what the API answers, and no library beyond these.
  page: { imports: ['view'], types: LIB, packages: ['preact', 'uplot', 'oauth4webapi'] },
  // The page of the commands is made of what they say themselves.
  scripts: { imports: [...LIB, 'cli'] },
  test: { imports: [...LIB, 'functions', 'server', 'cli', 'page', 'scripts'] },
};
