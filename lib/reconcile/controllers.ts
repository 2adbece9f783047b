import { Terminal } from '../errors.ts';
import type { Controller } from '../model/controller.ts';
import { type Key, keyText, kindOf } from '../model/key.ts';
import type { Kind } from '../model/kinds.ts';
import { analysisRunController } from './analysisRunController.ts';
import { experimentController } from './experimentController.ts';
import { rolloutController } from './rolloutController.ts';

/** The kinds that Serin drives. What the turns of another one take is a row here. */
export const controllers: { [K in Kind]?: Controller } = {
  Rollout: rolloutController,
  AnalysisRun: analysisRunController,
  Experiment: experimentController,
};

export function controllerOf(key: Key): Controller {
  const controller = controllers[kindOf(key)];
  if (controller) return controller;
  throw new Terminal(`this Serin has no controller for ${keyText(key)}`);
}
