/**
 * Lets tests in Node load code that imports `@grafana/data`: its ES modules are meant for bundlers and do not link in Node, its CommonJS
 * build does. Import this first, then the code under test with `await import(…)`.
 */
import { createRequire, registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';

const url = pathToFileURL(createRequire(import.meta.url).resolve('@grafana/data')).href;

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === '@grafana/data' ? { url, shortCircuit: true } : next(specifier, context),
});
