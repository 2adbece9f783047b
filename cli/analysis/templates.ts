import { existsSync } from 'node:fs';
import type { AnalysisTemplate, AnalysisTemplateRef } from '../../lib/model/argo.generated.ts';
import { withoutNulls } from '../../lib/model/nulls.ts';
import { checkStructure } from '../../lib/model/structure.ts';
import type { KnownTemplate } from '../../lib/trial/try.ts';
import { templateKinds } from '../../server/apply.ts';
import { CliError, exitCodes } from '../exit.ts';
import type { Input } from '../input.ts';
import { readManifestFile } from '../manifest.ts';
import { plain } from '../text.ts';

/** The templates of a file, and which of them are meant; of a name in the cluster, that alone. */
export async function templatesFor(
  template: string,
  { clusterScoped = false, hasCluster }: { clusterScoped?: boolean; hasCluster: boolean },
  input: Input,
): Promise<{ templates: KnownTemplate[]; refs: AnalysisTemplateRef[] }> {
  if (template !== '-' && !existsSync(template)) {
    const refs = [{ templateName: template, clusterScope: clusterScoped }];
    if (hasCluster) return { templates: [], refs };
    throw new CliError(`there is no file ${template}`, {
      exitCode: exitCodes.unreachable,
      hint: 'For a template in a cluster, name its kubeconfig: --kubeconfig FILE, or KUBECONFIG.',
    });
  }
  const templates = await templatesIn(template, input);
  if (templates.length === 0) {
    throw new CliError(`${template} holds no AnalysisTemplate`, {
      exitCode: exitCodes.refused,
      hint: 'Name a file with an AnalysisTemplate or a ClusterAnalysisTemplate.',
    });
  }
  // One that another one names is measured with that.
  const within = new Set(
    templates.flatMap(({ spec }) => (spec?.templates ?? []).map((each) => each.templateName)),
  );
  const meant = templates.filter(({ metadata }) => !within.has(metadata?.name ?? ''));
  return {
    templates,
    refs: (meant.length > 0 ? meant : templates).map(({ kind, metadata }) => ({
      templateName: metadata?.name ?? '',
      clusterScope: kind === 'ClusterAnalysisTemplate',
    })),
  };
}

async function templatesIn(file: string, input: Input): Promise<KnownTemplate[]> {
  const { manifests, faults } = await readManifestFile(file, input);
  const wrong = faults.map(({ line, message }) => `${file}:${line}: ${message}`);
  const templates = manifests.flatMap(({ value, meaning, lineOf }): KnownTemplate[] => {
    const kind =
      'kind' in meaning ? templateKinds.find((each) => each === meaning.kind) : undefined;
    if (kind === undefined) return [];
    const sound = withoutNulls(value as object);
    for (const { path, message } of checkStructure(kind, sound)) {
      wrong.push(`${file}:${lineOf(path)}: ${path} ${message}`);
    }
    return [{ ...(sound as AnalysisTemplate), kind }];
  });
  if (wrong.length === 0) return templates;
  throw new CliError(wrong.map(plain).join('\n'), {
    exitCode: exitCodes.refused,
    hint: `Put that right; \`serin lint ${file}\` checks the metrics too.`,
  });
}
