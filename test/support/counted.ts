/**
 * How many times as long code may take while its coverage is counted: the counters keep it from being optimised (measured: 1.3
 * to 1.8 times for the readers of files). 1 where it is not counted, so that bounds are what they say.
 */
export const countedSlowdown = process.env["DECKHAND_COVERAGE"] === "1" ? 3 : 1;
