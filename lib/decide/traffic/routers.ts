import type { RolloutTrafficRouting } from '../../model/argo.generated.ts';
import type { Router } from './router.ts';
import { alb } from './routers/alb.ts';
import { ambassador } from './routers/ambassador.ts';
import { apisix } from './routers/apisix.ts';
import { appMesh } from './routers/appMesh.ts';
import { gatewayApi } from './routers/gatewayApi/gatewayApi.ts';
import { istio } from './routers/istio/istio.ts';
import { nginx } from './routers/nginx.ts';
import { nlb } from './routers/nlb.ts';
import { smi } from './routers/smi.ts';
import { traefik } from './routers/traefik.ts';

/** All routers. A new one is a file in routers/ and a row here. */
export const routers: Router[] = [
  alb,
  ambassador,
  apisix,
  appMesh,
  gatewayApi,
  istio,
  nginx,
  nlb,
  smi,
  traefik,
];

/** Those that a rollout uses: it may use several, and then all have the same goal. */
export function routersOf(routing: RolloutTrafficRouting | undefined): Router[] {
  return routing ? routers.filter((router) => router.isUsed(routing)) : [];
}
