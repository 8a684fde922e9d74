import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { ignoreError, type IgnoredErrorLog } from '@angarium/errors';

/** A large document takes some 100 ms; the rest is loading MJML on a busy machine. */
const TIMEOUT_MS = 15_000;
const MEMORY_MB = 256;

/** One source, compiled or not. */
export type CompiledMjml = { readonly html: string } | { readonly faults: readonly string[] };

/**
 * MJML takes some 40 MB and is needed a few times a day: it is loaded in a thread that ends with its work. A document that was made to
 * take for ever ends with it, too. Faults leave out the path that MJML puts before them: there is no file.
 */
const program = `
const { parentPort, workerData } = require('node:worker_threads');
const plain = (module) => module.default ?? module;
const mjml = plain(require(workerData.core));
const presets = [plain(require(workerData.preset))];
const faultsOf = (error) => (Array.isArray(error.errors) ? error.errors.map((it) => 'line ' + it.line + ': ' + it.message) : [String(error.message)]);
(async () => {
  const results = [];
  for (const source of workerData.sources) {
    try {
      const { html } = await mjml(source, { presets, ignoreIncludes: true, validationLevel: 'strict', fonts: {}, keepComments: false });
      results.push({ html });
    } catch (error) {
      results.push({ faults: faultsOf(error) });
    }
  }
  parentPort.postMessage(results);
})();`;

/**
 * Compiles MJML to HTML, in a thread; Liquid marks in texts and attributes stay as they are. Nothing is included from elsewhere.
 * @returns the results in the order of the sources. @throws Error when it takes longer than 15 s or more than 256 MB.
 */
export function compileMjml(sources: readonly string[], log: IgnoredErrorLog): Promise<readonly CompiledMjml[]> {
  if (sources.length === 0) return Promise.resolve([]);
  const { resolve } = createRequire(import.meta.url);
  const workerData = { sources, core: resolve('mjml-core'), preset: resolve('mjml-preset-core') };
  const worker = new Worker(program, { eval: true, workerData, env: {}, execArgv: [], resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB } });
  return new Promise<readonly CompiledMjml[]>((done, fail) => {
    const timer = setTimeout(() => fail(new Error(`MJML took longer than ${TIMEOUT_MS} ms`)), TIMEOUT_MS);
    worker.once('message', done).once('error', fail).once('exit', () => fail(new Error('the thread of MJML ended without an answer')));
    worker.once('exit', () => clearTimeout(timer));
  }).finally(() => worker.terminate().catch(ignoreError(log, 'compile-mjml', 'the thread has ended by itself')));
}
