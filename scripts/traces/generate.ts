import { seededRandom } from '../../src/base/random.ts';
import type { Span } from '../../src/trace/model.ts';
import { shapes } from './shapes.ts';
import { shopBatches } from './shop-stream.ts';

export { shopBatches, shopBodies } from './shop-stream.ts';
export type { ShopStreamOptions } from './shop-stream.ts';

export type ShapeName = keyof typeof shapes | 'shop';
export const shapeNames: readonly ShapeName[] = [...(Object.keys(shapes) as Array<keyof typeof shapes>), 'shop'];

export interface GenerateOptions {
  readonly seed: number;
  /** Exactly so many in all. */
  readonly spans: number;
  readonly startUnixNanos: bigint;
}

/** Spans of a named shape, all in memory; the same options give the same spans everywhere. For a large shop use `shopBatches`. */
export function generate(shape: ShapeName, { seed, spans, startUnixNanos }: GenerateOptions): Span[] {
  if (shape === 'shop') {
    return [...shopBatches({ seed, spans, startUnixNanos })].flat();
  }
  return shapes[shape](seededRandom(seed), spans, startUnixNanos);
}
