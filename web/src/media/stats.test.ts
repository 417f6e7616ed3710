import { expect, it } from 'vitest';
import { CUT_AFTER_MS, FlowWatch } from './stats';

it('calls the flow cut after 2 s without a byte, and well again with the next', () => {
  const watch = new FlowWatch();
  expect(watch.isCut({ atMs: 0, bytes: 10 })).toBe(false);
  expect(watch.isCut({ atMs: CUT_AFTER_MS - 1, bytes: 10 })).toBe(false);
  expect(watch.isCut({ atMs: CUT_AFTER_MS, bytes: 10 })).toBe(true);
  expect(watch.isCut({ atMs: CUT_AFTER_MS + 1, bytes: 11 })).toBe(false);
});

it('does not take a new connection, which counts from zero, for a cut', () => {
  const watch = new FlowWatch();
  watch.isCut({ atMs: 0, bytes: 5_000 });
  expect(watch.isCut({ atMs: 5_000, bytes: 0 })).toBe(false);
});
