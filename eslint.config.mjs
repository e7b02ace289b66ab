import { defineConfig } from 'eslint/config';
import baseConfig from './.config/eslint.config.mjs';

const portable = ['base', 'trace', 'traceql', 'wire', 'store', 'analysis', 'engine', 'api'].map(
  (name) => `src/${name}/**/*.ts`
);
const nodeFiles = ['src/server/**/*.ts', 'scripts/**/*.ts', 'bench/**/*.ts', 'tests/**/*.ts', 'src/**/*.test.ts'];

export default defineConfig([
  {
    ignores: [
      '**/node_modules/',
      '**/dist/',
      '**/build/',
      '**/coverage/',
      '**/artifacts/',
      'data/',
      'test-results/',
      'playwright-report/',
      '.config/',
    ],
  },
  ...baseConfig,
  {
    rules: {
      // A type import beside a value import of the same module is how `verbatimModuleSyntax` is written.
      'no-duplicate-imports': ['error', { allowSeparateTypeImports: true }],
      // JSX is compiled with the automatic runtime, and `readonly T[]` reads better than ReadonlyArray<T>.
      'react/react-in-jsx-scope': 'off',
      '@typescript-eslint/array-type': 'off',
      'no-eval': 'error',
      'no-implied-eval': 'error',
      'no-new-func': 'error',
      'no-restricted-syntax': [
        'error',
        {
          selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']",
          message: 'Span data is never HTML: render text nodes.',
        },
        {
          selector: 'AssignmentExpression[left.property.name=/^(innerHTML|outerHTML)$/]',
          message: 'Span data is never HTML: use textContent.',
        },
      ],
    },
  },
  // Each file is linted in the world it compiles in, see scripts/typecheck.mjs.
  { files: portable, languageOptions: { parserOptions: { project: './tsconfig.portable.json' } } },
  { files: nodeFiles, languageOptions: { parserOptions: { project: './tsconfig.node.json' } } },
  {
    files: [
      'bench/page.ts',
      'src/{ui,standalone,app,datasource,panels}/**/*.test.ts',
      'tests/e2e/**/*.ts',
      'tests/host/**/*.{ts,tsx}',
      'playwright.config.ts',
    ],
    languageOptions: { parserOptions: { project: './tsconfig.browser-tests.json' } },
    rules: { 'no-restricted-imports': 'off', 'react-hooks/immutability': 'off' },
  },
  {
    // What the engine may not reach for: the world is passed in (DESIGN decision 11).
    files: portable,
    ignores: ['**/*.test.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'Take a Clock.' },
        { object: 'Math', property: 'random', message: 'Take a Random.' },
      ],
      'no-restricted-globals': ['error', 'setTimeout', 'setInterval', 'performance'],
    },
  },
]);
