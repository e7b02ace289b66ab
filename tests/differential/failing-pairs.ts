/**
 * Traces and queries on which engine and reference once differed: they run first, in many layouts. Drawn as text, so that they mean the
 * same whatever becomes of the generators.
 */
export interface FailingPair {
  readonly showed: string;
  /** See `traceFromText`; ids count from 1. */
  readonly traces: readonly string[];
  readonly query: string;
  /** The query filters a look-up of the values of this attribute. */
  readonly valuesOf?: string;
}

export const failingPairs: readonly FailingPair[] = [
  {
    showed: 'a fragment without the root was taken to have nothing new to tell of rootName',
    traces: [
      `
      shop GET /cart   |=====|
        cart getItems  | ==  | {x=1}
      `,
      `
      shop POST /order |=====|
        cart clear     | ==  | {x=1}
          db delete    |  =  | {status=error}
      `,
    ],
    query: '{ span.x = 1 }',
    valuesOf: 'rootName',
  },
];
