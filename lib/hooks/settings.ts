import * as z from 'zod';
import { pathNames } from '../api/pathNames.ts';
import { verbs } from '../commands/verbs.ts';
import { Terminal } from '../errors.ts';
import { type StoredSettings, settingsKey } from '../model/documents.ts';
import { faultList } from '../model/faults.ts';
import type { Verb } from '../model/intent.ts';
import { nearestName } from '../model/nearest.ts';
import { type Millis, minuteMs } from '../model/units.ts';
import type { Clock, Documents } from '../world.ts';
import type { HookKind } from './event.ts';
import { isImageTemplate, placeholdersOf } from './ruleText.ts';

// The `hooks` of the settings document, and how they are had from the table. Each message says what is wrong
// and what to do; the path says where.

const text = z.string().min(1, 'is empty: leave it out or give it a value').max(255);

function named(kind: keyof typeof pathNames, what: string) {
  const form = pathNames[kind] as RegExp;
  return z
    .string()
    .regex(form, `is not a name that ${what} can have: write it as \`serin list\` does`);
}

const when = z
  .strictObject({
    project: z
      .union([z.string().min(1), z.int()], {
        error: "must be the project's id or slug, such as github/acme/front-api",
      })
      .transform(String),
    workflow: text,
    job: text.exactOptional(),
    branch: text.exactOptional(),
    tag: text.exactOptional(),
    status: z.enum(['success', 'failed', 'canceled'], {
      error: 'must be success, failed or canceled',
    }),
  })
  .refine(({ branch, tag }) => (branch === undefined) !== (tag === undefined), {
    error: 'must name a branch or a tag, and not both: add branch: main, or tag: v*',
  });

const image = text.max(1024).refine(isImageTemplate, {
  error:
    'is not an image reference with placeholders: write it like registry.example/front-api:{revision}',
});
const hash = text.regex(/^(?:[a-z0-9]|\{\w+\})+$/, {
  error: 'is not a pod template hash with placeholders: write it like {podHash}',
});

const expect = z
  .strictObject({ image: image.exactOptional(), podHash: hash.exactOptional() })
  .refine((given) => Object.keys(given).length > 0, {
    error: 'expects nothing: name the image or the podHash, or leave expect out',
  });

const place = {
  cluster: named('cluster', 'a cluster'),
  namespace: named('namespace', 'a namespace'),
  rollout: named('name', 'a rollout'),
};
const flag = z.boolean().exactOptional();
const guarded = { ...place, expect: expect.exactOptional() };
const example = 'image: registry.example/front-api:{revision}';

/** Those that a rule asks for by their verb alone. */
const plainActions = ['abort', 'retry', 'pause', 'resume', 'restart'] as const satisfies Verb[];

const action = z.discriminatedUnion(
  'action',
  [
    z.strictObject({
      action: z.literal('image'),
      ...guarded,
      container: verbs.image.takes.shape.container,
      image: image.refine((value) => placeholdersOf(value).length > 0, {
        error:
          'is the same for every run: name what was built with a placeholder such as {revision}',
      }),
    }),
    z.strictObject({
      action: z.literal('promote'),
      ...guarded,
      full: flag,
      skipCurrentStep: flag,
    }),
    z.strictObject({ action: z.enum(plainActions), ...guarded }),
  ],
  { error: `must be one of image, promote, ${plainActions.join(', ')}` },
);

/** What a run that did not succeed may cause. */
const actionsOfFailure = ['abort', 'pause'];

const rule = z.strictObject({ when, do: action }).superRefine((given, context) => {
  if (given.when.status === 'success' || actionsOfFailure.includes(given.do.action)) return;
  context.addIssue({
    code: 'custom',
    path: ['do', 'action'],
    message:
      `is ${given.do.action} for a run that is ${given.when.status}: ` +
      `only ${actionsOfFailure.join(' and ')} may react to that; or set when.status to success`,
  });
});

const secret = z.strictObject({
  ssm: z.string().regex(/^\/[\w./-]{1,1000}(?::[\w.-]{1,100})?$/, {
    error: 'is not the name of an SSM parameter: write it like /serin/hooks/shop',
  }),
});

/** The placeholders of a sender. The generic one has those that its deliveries give values for, too. */
const placeholders: Record<HookKind, string[] | 'any'> = {
  circleci: ['revision', 'shortRevision', 'branch', 'tag', 'number'],
  github: ['revision', 'shortRevision', 'branch', 'tag', 'number'],
  hmac: 'any',
};

/** One item of the settings document's `hooks`. */
export const hookSettings = z
  .strictObject({
    id: z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, {
      error: 'must be 1 to 63 of a-z, 0-9 and -, since it stands in the address of the hook',
    }),
    kind: z.enum(['circleci', 'github', 'hmac'], { error: 'must be circleci, github or hmac' }),
    secrets: z
      .array(secret)
      .min(1, 'is empty: name at least one, such as ssm: /serin/hooks/shop')
      .max(2, 'has more than two: take the one away that no sender uses any more'),
    rules: z
      .array(rule)
      .min(1, 'is empty: a hook without rules does nothing; add one or take it away')
      .max(50, 'has more than 50 rules: spread them over several hooks'),
  })
  .superRefine((hook, context) => {
    for (const [index, each] of hook.rules.entries()) {
      for (const { path, fault } of faultsOf(hook.kind, each)) {
        context.addIssue({ code: 'custom', path: ['rules', index, ...path], message: fault });
      }
    }
  });

/** The whole list. */
export const hookList = z
  .array(hookSettings)
  .max(100, 'has more than 100 hooks')
  .superRefine((hooks, context) => {
    const ids = hooks.map(({ id }) => id);
    for (const [index, id] of ids.entries()) {
      if (ids.indexOf(id) === index) continue;
      const message = `is ${id}, which another hook is called already: give each its own`;
      context.addIssue({ code: 'custom', path: [index, 'id'], message });
    }
  });
export type HookSettings = z.infer<typeof hookSettings>;
export type HookRule = HookSettings['rules'][number];

function faultsOf(kind: HookKind, { when: asked, do: wanted }: HookRule) {
  const faults: { path: string[]; fault: string }[] = [];
  if (asked.job !== undefined && kind !== 'circleci') {
    const fault = `is known of circleci only, and this hook is ${kind}: take it away`;
    faults.push({ path: ['when', 'job'], fault });
  }
  const meant = Object.values(wanted.expect ?? {});
  if (wanted.action === 'promote' && !meant.some((each) => placeholdersOf(each).length > 0)) {
    const fault =
      'must name what the run means by a placeholder, or a promote could be of another version ' +
      `than the one that was tested: write expect with ${example}`;
    faults.push({ path: ['do', 'expect'], fault });
  }
  const known = placeholders[kind];
  if (known === 'any') return faults;
  const templates: [string[], string | undefined][] = [
    [['do', 'image'], 'image' in wanted ? wanted.image : undefined],
    [['do', 'expect', 'image'], wanted.expect?.image],
    [['do', 'expect', 'podHash'], wanted.expect?.podHash],
  ];
  for (const [path, template] of templates) {
    for (const name of placeholdersOf(template ?? '')) {
      if (known.includes(name)) continue;
      const nearest = nearestName(name, known);
      const remedy =
        nearest === undefined ? `use one of ${known.join(', ')}` : `write {${nearest}}`;
      faults.push({ path, fault: `has the unknown placeholder {${name}}: ${remedy}` });
    }
  }
  return faults;
}

/** How long the settings are believed without asking the table again. */
const settingsLifeMs: Millis = minuteMs / 2;

/** The hooks of the settings in the table, none if there are no settings. */
export function storedHooks({
  documents,
  clock,
}: {
  documents: Documents;
  clock: Pick<Clock, 'now'>;
}): () => Promise<HookSettings[]> {
  let known: { at: Millis; hooks: HookSettings[] } | undefined;
  return async () => {
    const now = clock.now();
    if (known !== undefined && now - known.at < settingsLifeMs) return known.hooks;
    const document = await documents.get(settingsKey);
    known = { at: now, hooks: document === undefined ? [] : hooksIn(document.body) };
    return known.hooks;
  };
}

function hooksIn({ hooks }: StoredSettings): HookSettings[] {
  const parsed = hookList.safeParse(JSON.parse(hooks));
  if (parsed.success) return parsed.data;
  const list = parsed.error.issues.map(({ path, message }) => `hooks.${path.join('.')} ${message}`);
  throw new Terminal(`the hooks in the table's settings are not understood: ${faultList(list)}`);
}
