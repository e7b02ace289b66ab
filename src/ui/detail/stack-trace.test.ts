import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { stackParts } from './stack-trace.ts';

const kinds = (trace: string): string[] => stackParts(trace).map(({ kind, lines }) => `${kind} ${lines.length}`);

test('library frames fold, own frames and causes stay', () => {
  const java = [
    'java.lang.IllegalStateException: no stock',
    '\tat shop.inventory.Stock.take(Stock.java:41)',
    '\tat java.base/java.util.Optional.orElseThrow(Optional.java:403)',
    '\tat org.springframework.web.Dispatcher.doDispatch(Dispatcher.java:1)',
    '\tat shop.inventory.Api.post(Api.java:7)',
    'Caused by: java.sql.SQLException: timeout',
    '\tat shop.inventory.Db.query(Db.java:9)',
  ].join('\n');
  assert.deepEqual(kinds(java), ['own 2', 'library 2', 'own 3']);
  const node = [
    'Error: boom',
    '    at charge (/app/charge.js:1:2)',
    '    at Layer.handle (/app/node_modules/express/layer.js:95:5)',
    '    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)',
  ].join('\n');
  assert.deepEqual(kinds(node), ['own 2', 'library 2']);
  const python = [
    'Traceback (most recent call last):',
    '  File "/usr/lib/python3/site-packages/flask/app.py", line 5, in wsgi',
    '    return self.full_dispatch_request()',
    '  File "/app/shop.py", line 9, in pay',
    '    raise Declined()',
    'Declined',
  ].join('\n');
  assert.deepEqual(kinds(python), ['own 1', 'library 2', 'own 3']);
});

test('no line is lost or changed', () => {
  const line = fc.oneof(
    fc.string(),
    fc.constantFrom('    at x (node:internal/a:1:1)', '\tat java.lang.X.y(Z.java:1)', '    own()', 'Caused by: x')
  );
  fc.assert(
    fc.property(
      fc.array(
        line.map((text) => text.replace(/[\r\n]/g, '')),
        { minLength: 1 }
      ),
      (lines) => {
        const trace = lines.join('\n');
        assert.equal(
          stackParts(trace)
            .flatMap((part) => part.lines)
            .join('\n'),
          trace.trimEnd()
        );
      }
    )
  );
});
