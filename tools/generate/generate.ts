import { allContracts } from '@angarium/contracts';
import { apiFiles } from './api-files.js';
import { collectErrors } from './collect-errors.js';
import { collectVariables } from './collect-variables.js';
import { configurationPage } from './configuration-page.js';
import { contractsPage, schemaFiles } from './contracts-page.js';
import { environmentFile } from './environment-file.js';
import { errorsPage } from './errors-page.js';
import { findSources } from './find-sources.js';
import { loadModules } from './load-modules.js';

/** The folder of which every file is generated: what else lies there is left over. */
export const schemaFolder = 'docs/reference/contracts';

/**
 * Everything that is made from the sources: text by path below the workspace. Writes nothing; the same sources give the same text on any machine.
 * @throws Error naming what cannot be documented: a config.ts without configuration, a code or variable with two meanings.
 */
export async function generate(root: string): Promise<Map<string, string>> {
  const { configs, catalogues, apis } = await findSources(root);
  const loaded = await loadModules(root, [...configs, ...catalogues, ...apis]);
  const of = (paths: readonly string[], offset: number) => paths.map((path, i) => ({ path, module: loaded[offset + i] ?? {} }));
  const variables = collectVariables(of(configs, 0));
  const errors = collectErrors(of(catalogues, configs.length));
  return new Map([
    ['.env.example', environmentFile(variables)],
    ['docs/reference/configuration.md', configurationPage(variables)],
    ['docs/reference/errors.md', errorsPage(errors)],
    ...of(apis, configs.length + catalogues.length).flatMap(({ path, module }) => [...apiFiles(path, module)]),
    ['docs/reference/contracts.md', contractsPage(allContracts)],
    ...[...schemaFiles(allContracts)].map(([name, text]) => [`${schemaFolder}/${name}`, text] as const),
  ]);
}
