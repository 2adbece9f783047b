import { syncBuiltinESMExports } from 'node:module';
import { Tracer } from '@aws-lambda-powertools/tracer';
import { captureLambdaHandler } from '@aws-lambda-powertools/tracer/middleware';
import type { Tracing } from './tracing.ts';

export function startTracer(): Tracing {
  const tracer = new Tracer();
  // It has put its own functions in the place of node:https's, for the calls to clusters. Modules that took
  // those by name get them now.
  syncBuiltinESMExports();
  return {
    traced: (client) => tracer.captureAWSv3Client(client),
    // Answers hold what a rollout runs, which is nobody's business who may read traces.
    middleware: [captureLambdaHandler(tracer, { captureResponse: false })],
  };
}
