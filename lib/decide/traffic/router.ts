import type {
  Rollout,
  RolloutTrafficRouting,
  SetHeaderRoute,
  SetMirrorRoute,
} from '../../model/argo.generated.ts';
import type { FieldError } from '../../model/faults.ts';
import type { ObjectRef } from '../../model/kinds.ts';
import type { Write } from '../../model/plan.ts';
import type { Answers, Need } from '../../model/reads.ts';

/** Where requests go. Weights are parts of `total`: 100, or what `maxTrafficWeight` says. */
export type TrafficGoal = {
  total: number;
  /** The side that is to get more once its targets are healthy; absent where none is waited for. */
  held?: 'canary' | 'stable';
  canary: Destination;
  stable: Destination;
  /** The versions of an experiment. Their weights are taken from the stable side. */
  additional: Destination[];
  /** In the order of managedRoutes: those that are there. All others of managedRoutes are to go. */
  routes: ManagedRoute[];
};

export type Destination = {
  service: string;
  weight: number;
  /** The pod template hash of the version that it leads to; '' where there is none. */
  hash: string;
};

/** A route that a step has set, before all others. Its `match` is not empty. */
export type ManagedRoute = { name: string } & (
  | { header: SetHeaderRoute }
  | { mirror: SetMirrorRoute }
);

/** What a router is told of a rollout besides its goal. */
export type Routed = {
  /** Of one that was deleted only its name, namespace, uid and the strategy that it had last. */
  rollout: Rollout;
  /** The Services of the canary and of the stable version, as ping and pong are now. */
  services: { canary: string; stable: string };
  /** What its needs were answered. */
  answers: Answers;
};

/** What a router can do besides the weights of canary and stable. A spec that asks for more is faulty. */
export type Ability = 'additional' | 'headerRoutes' | 'mirrorRoutes' | 'pingPong' | 'totalWeight';

/**
 * An object that a load balancer is made of, and how its part of that is known: by the tag that its
 * controller gives each target group, whose value names the Service; else by a TargetGroupBinding.
 */
export type Fronted = {
  ref: ObjectRef;
  /** For people. */
  label: string;
  /** Of the object: what is said of the load balancer is to be from after it was written. */
  version: string;
  /** As its status has them. */
  hostnames: string[];
  tag: string;
  /** The port of the Services that requests go to. */
  port: number;
  resource: (service: string) => string;
  /** The only listener that is its own; all are where there is none. */
  listener?: { protocol: string; port: number };
  /** It sends requests past both sides still, to what served them before the router came. */
  isPast?: boolean;
};

/** An object of a router: each weight of the canary that it has, and the routes of steps in it. */
export type Carried = { ref: ObjectRef; canary: number[]; routes?: CarriedRoute[] };
export type CarriedRoute = { name: string; sends: 'header' | 'mirror' };

/** The versions that a router's objects lead to by themselves, as pod template hashes. */
export type Hashes = { canary?: string; stable?: string };

/**
 * What carries requests to Services and lets weights be set: an Ingress controller, a mesh, a load balancer.
 * Each has a file in routers/ and a row in routers.ts. A router is pure; all that it knows of the cluster it
 * has asked for. It changes what it is for and leaves the rest of its objects as it is: routes, annotations
 * and fields of others stay.
 */
export type Router = {
  /** As a spec has it: `nginx`, `plugins["argoproj-labs/gatewayAPI"]`. */
  name: string;
  isUsed: (routing: RolloutTrafficRouting) => boolean;
  can: readonly Ability[];
  /** Whether its objects lead to Services, so that a spec has to name those of canary and stable. */
  needsServices: (routing: RolloutTrafficRouting) => boolean;
  /** Whether ping and pong are its Services also where a spec names others for canary and stable. */
  prefersPingPong?: true;
  /** What is wrong with its part of the spec, whatever the cluster has. */
  validate: (rollout: Rollout) => FieldError[];
  /**
   * The objects that it reads, as far as the answers so far tell. Those that it writes are among them: they
   * are what the rollout manages. It bears every failure.
   */
  needs: (routed: Routed) => Need[];
  /**
   * What is wrong with its objects: one is missing, is another's, cannot be read, has no such route. The path
   * is that of the field which names the object. Nothing is written while there is any.
   */
  check: (routed: Routed) => FieldError[];
  /** What its objects have of the rollout, as they are. Those that say nothing are left out. Never throws. */
  carries: (routed: Routed) => Carried[];
  /** Where its objects choose the pods themselves, and not by Services: the hashes that they have. */
  hashes?: (routed: Routed) => Hashes;
  /**
   * The writes that lead to the goal, of phase `route`. None where its objects are there already: that is how
   * it is told that they are. Each of them may fail, and the rest of the turn goes on.
   */
  desired: (routed: Routed, goal: TrafficGoal) => Write[];
  /** What the load balancers of its objects can be looked at by; nothing is shrunk before they say so. */
  loadBalancers?: (routed: Routed) => Fronted[];
  /**
   * What gives its objects back, when the rollout is deleted or does not use the router any more: no managed
   * route, label or object of ours is left, and all requests go to the stable Service.
   */
  giveBack: (routed: Routed) => Write[];
};
