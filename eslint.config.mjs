import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';

const layers = [
  {
    sourceTag: 'layer:core',
    onlyDependOnLibsWithTags: ['layer:core'],
    bannedExternalImports: ['@nestjs/*', 'ioredis', 'bullmq', '@prisma/*', 'pg', 'fastify', 'rxjs'],
  },
  { sourceTag: 'layer:platform', onlyDependOnLibsWithTags: ['layer:core', 'layer:platform'] },
  { sourceTag: 'layer:app', onlyDependOnLibsWithTags: ['layer:core', 'layer:platform'] },
  { sourceTag: 'layer:testing', onlyDependOnLibsWithTags: ['layer:core', 'layer:platform'] },
  { sourceTag: 'layer:tools', onlyDependOnLibsWithTags: ['layer:core', 'layer:platform', 'layer:testing'] },
  { sourceTag: 'layer:system-tests', onlyDependOnLibsWithTags: ['layer:core', 'layer:platform', 'layer:testing'] },
];
/** Only tests may lean on the testing library. */
const layersInTests = layers.map((layer) => ({
  ...layer,
  onlyDependOnLibsWithTags: [...new Set([...layer.onlyDependOnLibsWithTags, 'layer:testing'])],
}));
const boundaries = (depConstraints) => [
  'error',
  { allow: [], allowCircularSelfDependency: false, checkDynamicDependenciesExceptions: [], ignoredCircularDependencies: [['testing', 'database']], depConstraints },
];

export default tseslint.config(
  { ignores: ['libs/lua.d.ts', '**/dist/**', '**/coverage/**', '**/generated/**', '**/*.mjs', '**/*.cjs'] },
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { '@nx': nx },
    rules: {
      '@nx/enforce-module-boundaries': boundaries(layers),
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      'no-restricted-syntax': [
        'error',
        {
          selector: "MemberExpression[object.name='process'][property.name='env']",
          message: 'Only config.ts (through @angarium/config) reads the environment.',
        },
      ],
    },
  },
  {
    files: ['**/*.spec.ts', '**/src/testing/**/*.ts', 'apps/system-tests/**/*.ts', 'libs/testing/**/*.ts', 'tools/**/*.ts'],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off', 'no-restricted-syntax': 'off' },
  },
  {
    files: ['**/*.spec.ts', '**/src/testing/**/*.ts'],
    rules: {
      '@nx/enforce-module-boundaries': boundaries(layersInTests),
      // the double of an asynchronous function often has nothing to wait for
      '@typescript-eslint/require-await': 'off',
    },
  },
);
