/**
 * Telling what happened, with a clock of our own: a `Scene` is one span being told. Time passes only by `spend` and by what is told
 * below, so that a request of two seconds takes no time to tell, and yet leaves through the real OpenTelemetry SDK.
 */
import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Attributes, HrTime, Link, Span, SpanContext, Tracer } from '@opentelemetry/api';
import type { seededRandom } from '../../src/base/random.ts';

export type Chance = ReturnType<typeof seededRandom>;

export interface Telling {
  readonly kind?: SpanKind;
  readonly attributes?: Attributes;
  readonly links?: Link[];
}

export class Scene {
  private readonly span: Span;
  readonly chance: Chance;
  /** Milliseconds since the epoch, with fractions. */
  nowMs: number;

  private constructor(span: Span, startMs: number, chance: Chance) {
    this.span = span;
    this.nowMs = startMs;
    this.chance = chance;
  }

  /** Tells a trace of its own, or, given the context of a message, the part that a consumer plays later. */
  static root<T>(
    tracer: Tracer,
    name: string,
    telling: Telling,
    at: { startMs: number; chance: Chance; parent?: SpanContext },
    tell: (scene: Scene) => T
  ): T {
    const parent = at.parent ? trace.setSpanContext(context.active(), at.parent) : context.active();
    return Scene.told(tracer, name, { ...telling }, parent, at.startMs, at.chance, tell).result;
  }

  private static told<T>(
    tracer: Tracer,
    name: string,
    telling: Telling,
    parent: ReturnType<typeof context.active>,
    startMs: number,
    chance: Chance,
    tell: (scene: Scene) => T
  ): { result: T; endMs: number } {
    const span = tracer.startSpan(name, { ...telling, startTime: hrTime(startMs) }, parent);
    const scene = new Scene(span, startMs, chance);
    const result = tell(scene);
    span.end(hrTime(scene.nowMs));
    return { result, endMs: scene.nowMs };
  }

  get context(): SpanContext {
    return this.span.spanContext();
  }

  /** Time passes: about `typicalMs`, log-normally spread as latencies are. */
  spend(typicalMs: number): this {
    const normal = Math.sqrt(-2 * Math.log(1 - this.chance.float())) * Math.cos(2 * Math.PI * this.chance.float());
    this.nowMs += typicalMs * Math.exp(0.35 * normal);
    return this;
  }

  /** A child span, told to its end before time goes on here. */
  child<T>(tracer: Tracer, name: string, telling: Telling, tell: (scene: Scene) => T): T {
    const parent = trace.setSpan(context.active(), this.span);
    const { result, endMs } = Scene.told(tracer, name, telling, parent, this.nowMs, this.chance, tell);
    this.nowMs = endMs;
    return result;
  }

  /** Children that run at once; time goes on when the last of them has ended. */
  together(...parts: readonly ((scene: Scene) => void)[]): void {
    const startMs = this.nowMs;
    let endMs = startMs;
    for (const part of parts) {
      this.nowMs = startMs + 0.05 * this.chance.float();
      part(this);
      endMs = Math.max(endMs, this.nowMs);
    }
    this.nowMs = endMs;
  }

  set(attributes: Attributes): this {
    this.span.setAttributes(attributes);
    return this;
  }

  event(name: string, attributes: Attributes = {}): this {
    this.span.addEvent(name, attributes, hrTime(this.nowMs));
    return this;
  }

  ok(): this {
    this.span.setStatus({ code: SpanStatusCode.OK });
    return this;
  }

  fail(message: string): this {
    this.span.setStatus({ code: SpanStatusCode.ERROR, message });
    return this;
  }

  /** An exception as the semantic conventions record it. */
  throws(type: string, message: string, stacktrace: readonly string[]): this {
    this.event('exception', {
      'exception.type': type,
      'exception.message': message,
      'exception.stacktrace': [`${type}: ${message}`, ...stacktrace].join('\n'),
      'exception.escaped': false,
    });
    return this.fail(message);
  }
}

function hrTime(ms: number): HrTime {
  const seconds = Math.floor(ms / 1000);
  return [seconds, Math.min(999_999_999, Math.round((ms - seconds * 1000) * 1e6))];
}
