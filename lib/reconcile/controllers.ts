import { Terminal } from '../errors.ts';
import type { Controller } from '../model/controller.ts';
import { type Key, keyText, kindOf } from '../model/key.ts';
import type { Kind } from '../model/kinds.ts';
  AnalysisRun: analysisRunController,
