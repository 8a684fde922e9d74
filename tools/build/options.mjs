import { transform } from '@swc/core';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** esbuild cannot emit decorator metadata (Nest injects by it), so files with decorators pass through swc first. */
const swcDecorators = {
  name: 'swc-decorators',
  setup(build) {
    build.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8');
      if (!/@[A-Z]\w*\s*[(<]/.test(source)) return undefined;
      const { code } = await transform(source, {
        filename: path,
        configFile: join(root, '.swcrc'),
        swcrc: true,
        sourceMaps: 'inline',
      });
      return { contents: code, loader: 'js' };
    });
  },
};

/**
 * Our own code and the Prisma runtime are bundled, npm packages stay outside: a container then installs
 * what package.json names, without Prisma's command line (60 MB that an app never runs).
 * The schema engine stays outside: its code looks for its WebAssembly file in its own package.
 */
const externals = {
  name: 'externals',
  setup(build) {
    build.onResolve({ filter: /^[^./]/ }, ({ kind, path, importer }) => {
      const isOurs = kind === 'entry-point' || path.startsWith('@angarium/');
      const isPrisma = /^@prisma\/(?!schema-engine-wasm)/.test(path) || (/node_modules\/@prisma\//.test(importer) && path !== 'pg' && !path.startsWith('node:'));
      return isOurs || isPrisma ? undefined : { path, external: true };
    });
  },
};

/**
 * The source map is for our own code: Prisma's minified runtime would make up most of it, and Node keeps a loaded map in memory.
 * An empty map of its own is esbuild's documented way to leave a file out (https://github.com/evanw/esbuild/issues/1685).
 */
const unmapped = {
  name: 'unmapped',
  setup(build) {
    build.onLoad({ filter: /node_modules\/@prisma\/.*\.m?js$/ }, async ({ path }) => ({
      contents: `${await readFile(path, 'utf8')}\n//# sourceMappingURL=data:application/json;base64,eyJ2ZXJzaW9uIjozLCJzb3VyY2VzIjpbIiJdLCJtYXBwaW5ncyI6IkEifQ==`,
      loader: 'js',
    }));
  },
};

/** esbuild options for one Node entry point. */
export const bundle = (entry, outfile) => ({
  entryPoints: [entry],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  sourcemap: true,
  sourcesContent: false,
  keepNames: true,
  logLevel: 'warning',
  loader: { '.lua': 'text', '.html': 'text' },
  plugins: [swcDecorators, unmapped, externals],
  banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" },
});
