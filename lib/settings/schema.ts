import * as z from 'zod';
import { hookList } from '../hooks/settings.ts';
import type { Channel } from '../model/notification.ts';
import { hourMs, type Millis, parseGoDuration } from '../model/units.ts';
import { kinds, knownIssuer } from './issuers.ts';
import { channelKeys, channelList } from './messages.ts';
import { groupName } from './names.ts';
import { pageFaults, pageSettings } from './page.ts';
import { templateFault } from './template.ts';

// What an administrator may write. Each message is the end of a sentence that begins with the path.

/** Beyond it, a token that was read in some build's log is worth too much. */
const ageMaxMs: Millis = 24 * hourMs;

const text = z.string().min(1, 'must not be empty');

/** One value, or several of which one must be there; all as strings, as YAML has ids as numbers. */
const pin = z
  .union([text, z.int(), z.boolean(), z.array(z.union([text, z.int(), z.boolean()])).min(1)], {
    error: 'must be a text, a whole number, true or false, or a list of these',
  })
  .transform((value) => (Array.isArray(value) ? value : [value]).map(String));

const address = z.string().superRefine((value, context) => {
  const fault = addressFault(value);
  if (fault !== undefined) context.addIssue(fault);
});

function addressFault(value: string): string | undefined {
  if (!URL.canParse(value)) return 'must be an address such as https://issuer.example';
  const { protocol, hostname, username, search, hash } = new URL(value);
  if (username !== '' || search !== '' || hash !== '') return 'must be a plain address';
  if (protocol === 'https:') return undefined;
  const isLocal = protocol === 'http:' && hostname === '127.0.0.1';
  return isLocal ? undefined : 'must begin with https://, or its keys could be changed on the way';
}

const maxAge = z.string().transform((value, context) => {
  const ageMs = parseGoDuration(value);
  if (ageMs !== undefined && ageMs > 0 && ageMs <= ageMaxMs) return ageMs;
  context.addIssue('must be a time such as 15m or 1h, at most 24h');
  return z.NEVER;
});

const issuer = z
  .strictObject({
    /** What policies and the ledger call those who come from here. */
    name: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, 'must be a short name such as github'),
    issuer: address,
    kind: z.enum(kinds).exactOptional(),
    audience: z
      .union([text, z.array(text).min(1)], {
        error: 'must be the audience that tokens for Serin are made for, or a list of such',
      })
      .transform((value) => (Array.isArray(value) ? value : [value])),
    claims: z.record(z.string(), pin).default({}),
    groups: z.array(groupName).default([]),
    groupsClaim: text.exactOptional(),
    actor: z
      .string()
      .superRefine((value, context) => {
        const fault = templateFault(value);
        if (fault !== undefined) context.addIssue(fault);
      })
      .exactOptional(),
    maxAge: maxAge.default(hourMs),
    jwks: address.exactOptional(),
  })
  .superRefine((value, context) => {
    for (const { path, message } of pinFaults(value)) {
      context.addIssue({ code: 'custom', path, message });
    }
  });

export type IssuerSettings = z.output<typeof issuer>;

type PinFault = { path: string[]; message: string };

/** What the configuration of an issuer leaves open to strangers. */
function pinFaults({ issuer, kind, audience, claims }: IssuerSettings): PinFault[] {
  const known = knownIssuer(issuer, kind);
  const faults: PinFault[] = [];
  if (kind !== undefined && kind !== known.kind) {
    faults.push({ path: ['kind'], message: `is ${kind}, but by its address it is ${known.kind}` });
  }
  if (audience.includes('sts.amazonaws.com')) {
    const message =
      'must be Serin’s own, such as serin: tokens for sts.amazonaws.com are handed to AWS and to ' +
      'actions of others, which could then use them here';
    faults.push({ path: ['audience'], message });
  }
  for (const { any, what } of known.needs) {
    if (any.some((claim) => claim.split('+').every((each) => Object.hasOwn(claims, each))))
      continue;
    const list = any.map((claim) => claim.replace('+', ' and ')).join(' or ');
    const message =
      `must hold ${list}: ${known.label} signs tokens for strangers too, so Serin has to be told ` +
      what;
    faults.push({ path: ['claims'], message });
  }
  for (const [claim, values] of Object.entries(claims)) {
    const fault = values.map((value) => valueFault(claim, value, known.numbers)).find(Boolean);
    if (fault !== undefined) faults.push({ path: ['claims', claim], message: fault });
  }
  return faults;
}

function valueFault(claim: string, value: string, numbers: string[] = []): string | undefined {
  if (numbers.includes(claim) && !/^\d+$/.test(value)) {
    return `must be the number, not a name: ${value} could one day be somebody else's`;
  }
  if (!value.includes('*')) return undefined;
  const isRefs = /^refs\/(?:tags\/|heads\/[^*][^*/]*\/)[^*]*\*$/.test(value);
  return isRefs
    ? undefined
    : 'may have a * at the end of refs/tags/… or refs/heads/FOLDER/… only: everything else is exact';
}

const cluster = z.strictObject({
  /** Whether a release waits for what load balancers say. */
  verifyLoadBalancers: z.boolean(),
});

const host = z
  .string()
  .regex(
    /^(?:\*\.)?[a-z\d][a-z\d-]*(?:\.[a-z\d-]+)*$/,
    'must be the name of a host or an address, such as prometheus.corp.example, *.corp.example or 10.0.0.5',
  );

const metrics = z.strictObject({
  /** Whom measurements may ask in private networks. */
  hosts: z.array(host).default([]),
});

export const settingsSchema = z
  .strictObject({
    issuers: z.array(issuer).default([]),
    policies: z.string().default(''),
    hooks: hookList.default([]),
    clusters: z.record(groupName, cluster).default({}),
    metrics: metrics.default({ hosts: [] }),
    messages: channelList.default([]),
    page: pageSettings.exactOptional(),
  })
  .superRefine(({ issuers, page, hooks, messages }, context) => {
    const hook = messages.some(hasButtons) ? hooks.findIndex(({ id }) => id === 'slack') : -1;
    if (hook >= 0) {
      const message =
        'is slack, where clicks in Slack arrive, since a channel has a signingSecret: give it another';
      context.addIssue({ code: 'custom', path: ['hooks', hook, 'id'], message });
    }
    const names = issuers.map(({ name }) => name);
    for (const [index, name] of names.entries()) {
      if (names.indexOf(name) === index) continue;
      const message = `is the name of another issuer too: policies could not tell ${name} from ${name}`;
      context.addIssue({ code: 'custom', path: ['issuers', index, 'name'], message });
    }
    if (page === undefined) return;
    const kindOf = (each: IssuerSettings) => knownIssuer(each.issuer, each.kind).kind;
    for (const { path, message } of pageFaults(page, issuers, kindOf)) {
      context.addIssue({ code: 'custom', path: ['page', ...path], message });
    }
  });

function hasButtons({ slack }: Channel): boolean {
  return slack !== undefined && 'signingSecret' in slack;
}

export type Settings = z.output<typeof settingsSchema>;

export const knownKeys: Record<string, string[]> = {
  '': Object.keys(settingsSchema.shape),
  issuers: Object.keys(issuer.shape),
  clusters: Object.keys(cluster.shape),
  metrics: Object.keys(metrics.shape),
  messages: channelKeys,
  page: Object.keys(pageSettings.shape),
};
