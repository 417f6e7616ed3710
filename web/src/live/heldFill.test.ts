// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createApp, nextTick, shallowRef, type App, type ShallowRef } from 'vue';
import type { SlotFill } from '@/generated/messages';
import { HOLD_MS, useHeldFill } from './heldFill';

const fillOf = (peer: string | null): SlotFill => ({
  slot: 'lecturer',
  peer,
  source: peer === null ? null : 'camera',
  height: 360,
  paused: false,
});

let app: App;
let fill: ShallowRef<SlotFill | null>;
let held: ShallowRef<SlotFill | null>;

beforeEach(() => {
  vi.useFakeTimers();
  fill = shallowRef<SlotFill | null>(fillOf('lin'));
  app = createApp({
    setup() {
      held = useHeldFill(() => fill.value);
      return () => null;
    },
  });
  app.mount(document.createElement('div'));
});
afterEach(() => {
  app.unmount();
  vi.useRealTimers();
});

it('keeps the last picture over a short absence', async () => {
  fill.value = fillOf(null);
  await nextTick();
  vi.advanceTimersByTime(HOLD_MS - 1);
  expect(held.value?.peer).toBe('lin');
  fill.value = fillOf('lin');
  await nextTick();
  vi.advanceTimersByTime(HOLD_MS);
  expect(held.value?.peer).toBe('lin');
});

it('lets it go when the absence lasts', async () => {
  fill.value = fillOf(null);
  await nextTick();
  vi.advanceTimersByTime(HOLD_MS);
  expect(held.value?.peer).toBeNull();
});

it('shows somebody else at once', async () => {
  fill.value = fillOf('zhou');
  await nextTick();
  expect(held.value?.peer).toBe('zhou');
});
