/** What long synchronous loops call now and then; what it throws ends them. */
export type Poll = () => void;

export const neverPoll: Poll = () => undefined;

/** So many small steps take about a millisecond. */
const callsPerPoll = 256;

/** To be called for each small step, such as a look at one object: calls `poll` once in many. */
export function everySo(poll: Poll): Poll {
  let calls = 0;
  return () => {
    if (++calls % callsPerPoll === 0) {
      poll();
    }
  };
}
