import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Trace } from '../trace/model.ts';
import { traceFromText } from '../trace/text.ts';
import { compileQuery, evaluateTrace } from './evaluate.ts';
import { TraceFacts } from './fields.ts';
import { printStatic } from './literals.ts';
import { parseQuery } from './parser.ts';
import { validateQuery } from './validate.ts';

/** The spansets as text: names of spans, then attributes: `A B {count()=2}`; spansets are joined by ` / `. */
function answer(text: string, trace: Trace): string {
  const query = parseQuery(text);
  validateQuery(query);
  return evaluateTrace(query, trace)
    .map(({ spans, attributes }) => {
      const names = spans.map((index) => trace.spans[index].name).join(' ');
      const list = attributes.map(([name, value]) => `${name}=${printStatic(value)}`).join(' ');
      return list === '' ? names : `${names} {${list}}`;
    })
    .join(' / ');
}

function check(trace: Trace, rows: readonly (readonly [query: string, expected: string])[]): void {
  for (const [query, expected] of rows) {
    assert.equal(answer(query, trace), expected, query);
  }
}

test('comparison, types, nil', () => {
  const trace = traceFromText(`
    s A |==========| {i=200 f=200.0 t="x" b=true arr=[1, 2] words=[ab, cd] big=9007199254740993 none=empty raw=bytes:00}
    s B  | ==       | {i=201 f=1.5 t="é" b=false mixed=[1, a] t2="x"}
  `);
  check(trace, [
    ['{ }', 'A B'],
    ['{ .i = 200 }', 'A'],
    ['{ .i = 200.0 }', 'A'],
    ['{ .f = 200 }', 'A'],
    ['{ .i = 200ns }', 'A'],
    ['{ .i != 200 }', 'B'],
    ['{ .i > 200 && .i <= 201 }', 'B'],
    ['{ .i >= 200 }', 'A B'],
    ['{ .i = "200" }', ''],
    ['{ .i != "200" }', ''],
    ['{ .missing != 1 }', ''],
    ['{ .missing = 1 || .missing < 1 || .missing !~ "x" }', ''],
    ['{ .missing = nil }', 'A B'],
    ['{ .t2 = nil }', 'A'],
    ['{ nil != .t2 }', 'B'],
    ['{ .none = nil && .raw = nil && .mixed = nil }', 'A B'],
    ['{ nil = nil }', ''],
    ['{ nil != nil }', ''],
    ['{ .big = 9007199254740993 }', 'A'],
    ['{ .big = 9007199254740992.0 }', ''],
    ['{ .t > "x" }', 'B'],
    ['{ "x" = .t }', 'A'],
    ['{ 201 <= .i }', 'B'],
    ['{ .t = .t2 }', ''],
    ['{ .b }', 'A'],
    ['{ !.b }', 'B'],
    ['{ .i }', ''],
    ['{ !(.missing != nil) }', 'A B'],
    ['{ !.missing }', ''],
    ['{ .b = true && .f != 1.5 }', 'A'],
    ['{ .b || .f = 1.5 && .i = 200 }', 'A'],
    ['{ false }', ''],
    ['{ .t =~ "x|y" }', 'A'],
    ['{ .t !~ "x" }', 'B'],
    ['{ .t =~ "." }', 'A B'],
    ['{ name =~ "a" }', ''],
    ['{ name =~ "(?i)a" }', 'A'],
  ]);
});

test('arrays: some element; for != and !~ no element', () => {
  const trace = traceFromText(`
    s A |==| {n=[1, 2] w=[ab, cd] e=[]}
    s B | =| {n=[3, 4] w=[cd, ef]}
    s C | =| {n=1}
  `);
  check(trace, [
    ['{ .n = 1 }', 'A C'],
    ['{ 1 = .n }', 'A C'],
    ['{ .n != 1 }', 'B'],
    ['{ .n > 2 }', 'B'],
    ['{ 2 > .n }', 'A C'],
    ['{ .w =~ "c.*" }', 'A B'],
    ['{ .w !~ "a.*" }', 'B'],
    ['{ .w = "cd" && .w != "ab" }', 'B'],
    ['{ .n = .n }', 'C'],
    ['{ .e = nil }', 'A B C'],
    ['{ .n != nil }', 'A B C'],
    ['{ .n != "x" }', ''],
  ]);
});

test('arithmetic', () => {
  const trace = traceFromText(`
    s A |==========| {i=7 f=0.5 z=0 t=x}
  `);
  const truths = [
    '.i + 1 = 8',
    '.i - 8 = -1',
    '-.i = -7',
    '.i * 2 = 14',
    '.i / 2 = 3',
    '-7 / 2 = -3 && .i = 7',
    '.i % 4 = 3',
    '.i ^ 2 = 49',
    '2 ^ 3 ^ 2 = 512 && .i = 7',
    '.i / 2.0 = 3.5',
    '.i * .f = 3.5',
    '1 / .f = 2',
    'duration / 2 = 5ms',
    'duration + 1ms > 10ms',
    'duration - .i < 10ms',
    '.i + 2 * 3 = 13',
    '.f / 0 > 1000000',
    '2 ^ 64 = 0 && .i = 7',
    'maxInt + 1 = minInt && .i = 7',
  ];
  const falsehoods = ['.i / .z = 0', '.i % .z = 0', '.i / .z != 0', '.t + 1 != 0', '.missing + 1 != 0', '-.t != 1'];
  check(trace, [
    ...truths.map((truth) => [`{ ${truth} }`, 'A'] as const),
    ...falsehoods.map((falsehood) => [`{ ${falsehood} }`, ''] as const),
    ['{ .i / .z = nil }', 'A'],
  ]);
});

test('scopes: nearest first for unscoped attributes', () => {
  const trace = traceFromText(`
    s A |==| {x=span resource.x=res resource.r=1 scope=lib scopeVersion="2" instrumentation.x=inst instrumentation.i=1}
      * ev @1 {x=event e=1}
      * ev2 @2 {e=2 only=b}
      -> aa/bb {x=link l=1}
    s B |==| {raw=bytes:00 resource.raw=5}
  `);
  check(trace, [
    ['{ .x = "span" }', 'A'],
    ['{ .x = "res" || .x = "event" || .x = "link" || .x = "inst" }', ''],
    [
      '{ span.x = "span" && resource.x = "res" && event.x = "event" && link.x = "link" && instrumentation.x = "inst" }',
      'A',
    ],
    ['{ .r = 1 && .e = 1 && .l = 1 && .i = 1 }', 'A'],
    ['{ .e = 2 }', ''],
    ['{ .only = "b" }', 'A'],
    ['{ .raw = 5 }', 'B'],
    ['{ .service.name = "s" && resource.service.name = "s" }', 'A B'],
    ['{ instrumentation:name = "lib" && instrumentation:version = "2" }', 'A'],
    ['{ instrumentation:name != "lib" }', 'B'],
  ]);
});

test('events and links: conditions hold on the same one', () => {
  const trace = traceFromText(`
    s A |====| 
      * one @1 {x=1 y=1}
      * two @2 {x=2}
      -> aa/bb {l=1}
      -> cc/dd {l=2}
    s B |====|
  `);
  check(trace, [
    ['{ event.x = 1 && event.y = 1 }', 'A'],
    ['{ event.x = 2 && event.y = 1 }', ''],
    ['{ event.x = 2 || event.y = 1 }', 'A'],
    ['{ event.x = 1 } && { event.x = 2 }', 'A'],
    ['{ event:name = "two" && event:timeSinceStart = 2ms }', 'A'],
    ['{ event:name = "one" && event:timeSinceStart = 2ms }', ''],
    ['{ event.y = nil }', 'A'],
    ['{ event.x = nil }', ''],
    ['{ event.missing = nil }', 'A'],
    ['{ event.y = nil || name = "B" }', 'A B'],
    ['{ event.x != 1 }', 'A'],
    ['{ link:traceID =~ ".*aa" && link:spanID = "00000000000000bb" && link.l = 1 }', 'A'],
    ['{ link:traceID =~ ".*aa" && link.l = 2 }', ''],
    ['{ link:traceID = "aa" }', 'A'],
    ['{ event.x = 1 && link.l = 2 }', 'A'],
  ]);
});

test('intrinsics', () => {
  const trace = traceFromText(
    `
    web A |==========| {kind=server status=error statusMessage="went wrong"}
      db B | ====     | {kind=client status=ok}
        db C |  ==      |
    `,
    { traceId: '0a1' }
  );
  check(trace, [
    ['{ name = "A" }', 'A'],
    ['{ duration = 4ms }', 'B'],
    ['{ span:duration > 3ms }', 'A B'],
    ['{ status = error }', 'A'],
    ['{ status != error }', 'B C'],
    ['{ kind = client }', 'B'],
    ['{ kind != unspecified }', 'A B'],
    ['{ statusMessage = "went wrong" }', 'A'],
    ['{ statusMessage != "x" }', 'A B C'],
    ['{ rootName = "A" && rootServiceName = "web" }', 'A B C'],
    ['{ trace:rootName != "A" }', ''],
    ['{ traceDuration = 10ms && trace:duration > 9ms }', 'A B C'],
    ['{ trace:id = "a1" }', 'A B C'],
    ['{ trace:id = "00a1" && trace:id != "a2" }', 'A B C'],
    ['{ span:id = "0000000000000002" }', 'B'],
    ['{ span:parentID = "0000000000000002" }', 'C'],
    ['{ span:parentID = "" }', ''],
    ['{ span:parentID != "" }', 'B C'],
    ['{ span:childCount = 1 }', 'A B'],
    ['{ span:childCount = 0 }', 'C'],
    ['{ nestedSetParent < 0 }', 'A'],
    ['{ nestedSetLeft = 1 && nestedSetRight = 6 }', 'A'],
    ['{ nestedSetParent = 2 }', 'C'],
  ]);
});

test('spanset operators', () => {
  const trace = traceFromText(`
    s A |==========|
      s B |====|
        s C | =|
        s D |  =|
      s E |     ====|
        s F |      =|
  `);
  const named = (names: string): string => `{ name =~ "[${names}]" }`;
  check(trace, [
    [`${named('A')} && ${named('C')}`, 'A C'],
    [`${named('A')} && ${named('X')}`, ''],
    [`${named('A')} || ${named('X')}`, 'A'],
    [`${named('A')} && ${named('X')} || ${named('B')}`, 'B'],
    [`${named('A')} > ${named('BCE')}`, 'B E'],
    [`${named('A')} >> ${named('BCF')}`, 'B C F'],
    [`${named('B')} >> ${named('ABF')}`, ''],
    [`${named('CE')} < ${named('ABE')}`, 'A B'],
    [`${named('C')} << ${named('ABE')}`, 'A B'],
    [`${named('C')} ~ ${named('CDF')}`, 'D'],
    [`${named('CD')} ~ ${named('CDF')}`, 'C D'],
    [`${named('A')} ~ ${named('ABC')}`, ''],
    [`${named('A')} !> ${named('ABCE')}`, 'A C'],
    [`${named('X')} !> ${named('AB')}`, 'A B'],
    [`${named('B')} !>> ${named('CDEF')}`, 'E F'],
    [`${named('F')} !< ${named('ABE')}`, 'A B'],
    [`${named('F')} !<< ${named('ABE')}`, 'B'],
    [`${named('C')} !~ ${named('CDF')}`, 'C F'],
    [`${named('AB')} &> ${named('CD')}`, 'B C D'],
    [`${named('AE')} &>> ${named('CD')}`, 'A C D'],
    [`${named('CF')} &< ${named('AB')}`, 'B C'],
    [`${named('CF')} &<< ${named('AB')}`, 'A B C F'],
    [`${named('C')} &~ ${named('DF')}`, 'C D'],
    [`${named('A')} &> ${named('X')}`, ''],
    ['{ } !> { }', 'A'],
    [`${named('A')} && ${named('B')} > ${named('C')}`, 'A C'],
    [`(${named('A')} && ${named('B')}) > ${named('C')}`, 'C'],
    [`${named('A')} > ${named('B')} > ${named('C')}`, 'C'],
    [`(${named('CD')} | count() > 1) && (${named('F')})`, 'C D F'],
    [`(${named('CD')} | count() > 2) || (${named('F')})`, 'F'],
  ]);
});

test('spans that are not below a root have no relations and no nested set', () => {
  const trace = traceFromText(`
    s A |==|
      s B |==|
    s O |==| {parent=ff}
      s P |==|
    s X |==| {id=21 parent=22}
    s Y |==| {id=22 parent=21}
  `);
  check(trace, [
    ['{ } > { }', 'B'],
    ['{ } >> { }', 'B'],
    ['{ } < { }', 'A'],
    ['{ } !> { }', 'A O P X Y'],
    ['{ nestedSetLeft = 0 }', 'O P X Y'],
    ['{ nestedSetParent = 0 }', 'O P X Y'],
    ['{ rootName = "A" }', 'A B O P X Y'],
  ]);
  const rootless = traceFromText('s O |==| {parent=ff}');
  check(rootless, [
    ['{ rootName = "" && rootServiceName = "" }', 'O'],
    ['{ rootName != "x" }', 'O'],
  ]);
});

test('spans that share an id', () => {
  const pair = traceFromText(`
    a A |======| {id=1}
    a B | ==== | {id=2 parent=1 kind=client}
    b C | ==== | {id=2 parent=1 kind=server}
    b D |  ==  | {id=3 parent=2}
  `);
  check(pair, [
    ['{ name = "B" } > { }', 'C'],
    ['{ name = "C" } > { }', 'D'],
    ['{ name = "A" } > { }', 'B'],
  ]);
  const three = traceFromText(`
    a A |======| {id=1}
    a B | ==== | {id=2 parent=1}
    b C | ==== | {id=2 parent=1}
    b D | ==== | {id=2 parent=1}
  `);
  check(three, [
    ['{ } >> { }', ''],
    ['{ nestedSetLeft = 0 }', 'A B C D'],
  ]);
});

test('pipelines: groups, aggregates, selections', () => {
  const trace = traceFromText(`
    web A |==========| {x=1 g=a}
      web B | ====     | {x=2.5 g=b}
      db C |  ==      | {x=3 g=a}
      db D |   ==     | {y=1}
  `);
  check(trace, [
    ['{ } | count() > 3', 'A B C D {count()=4}'],
    ['{ } | count() > 4', ''],
    ['count() = 4', 'A B C D {count()=4}'],
    ['{ name = "X" } | count() = 0', ''],
    ['{ } | 3 < count()', 'A B C D {count()=4}'],
    ['{ } | avg(duration) = 4500us', 'A B C D {avg(duration)=4.5ms}'],
    ['{ } | min(duration) = 2ms | max(duration) = 10ms', 'A B C D {min(duration)=2ms max(duration)=10ms}'],
    ['{ } | sum(duration) = 18ms', 'A B C D {sum(duration)=18ms}'],
    ['{ } | sum(.x) = 6.5', 'A B C D {sum(.x)=6.5}'],
    ['{ .x != 2.5 } | sum(.x) = 4', 'A C {sum(.x)=4}'],
    ['{ .x != 2.5 } | avg(.x) = 2', 'A C {avg(.x)=2.0}'],
    ['{ } | max(.missing) > 0', ''],
    ['{ } | max(.g) > 0', ''],
    ['{ } | max(.x) > min(.x) * 2', 'A B C D {max(.x)=3 min(.x)=1}'],
    ['{ } | by(.g)', 'A C {by(.g)="a"} / B {by(.g)="b"} / D {by(.g)=nil}'],
    ['{ } | by(.g) | count() > 1', 'A C {by(.g)="a" count()=2}'],
    ['{ } | by(.g) | { .x > 1 }', 'C {by(.g)="a"} / B {by(.g)="b"}'],
    ['{ } | by(duration > 3ms)', 'A B {by(duration > 3ms)=true} / C D {by(duration > 3ms)=false}'],
    [
      '{ .g != nil } | by(.g) | by(name)',
      'A {by(.g)="a" by(name)="A"} / C {by(.g)="a" by(name)="C"} / B {by(.g)="b" by(name)="B"}',
    ],
    ['{ } | by(.g) | count() > 1 | coalesce()', 'A C'],
    ['{ } | by(.g) | coalesce() | { } > { name = "B" }', 'B'],
    ['{ } | select(.y) | { .x }', ''],
    ['{ .g = "a" } | { .x = 3 }', 'C'],
    ['({ .g = "a" } | count()) > 1', 'A C {count()=2}'],
    ['1 < ({ .g = "a" } | count())', 'A C {count()=2}'],
  ]);
});

test('shape does not matter: deep, wide and empty traces', () => {
  const [model] = traceFromText('s A |==|').spans;
  const id = (n: number): string => n.toString(16).padStart(16, '0');
  const deep = {
    traceId: model.traceId,
    spans: Array.from({ length: 20_000 }, (_, i) => ({
      ...model,
      spanId: id(i + 1),
      parentSpanId: i === 0 ? '' : id(i),
    })),
  };
  const last = `{ span:id = "${id(20_000)}" }`;
  assert.equal(evaluateTrace(parseQuery(`{ nestedSetParent < 0 } >> ${last}`), deep)[0].spans.length, 1);
  assert.equal(evaluateTrace(parseQuery(`${last} << { }`), deep)[0].spans.length, 19_999);
  const wide = { ...deep, spans: deep.spans.map((span, i) => ({ ...span, parentSpanId: i === 0 ? '' : id(1) })) };
  assert.equal(evaluateTrace(parseQuery('{ } ~ { }'), wide)[0].spans.length, 19_999);
  assert.deepEqual(evaluateTrace(parseQuery('{ }'), { traceId: model.traceId, spans: [] }), []);
});

test('the work on a trace ends when a look at who waits throws, in every stage that looks at spans', () => {
  const trace = traceFromText('web A | == | {n=1}');
  for (const query of ['{ span.n = 1 }', '{ } | by(span.n)', '{ } | max(span.n) > 0', '{ } >> { span.n = 1 }']) {
    const evaluate = compileQuery(parseQuery(query));
    const facts = new TraceFacts(trace, () => {
      throw new Error('nobody waits');
    });
    assert.throws(() => evaluate(facts), /nobody waits/, query);
    evaluate(new TraceFacts(trace));
  }
});
