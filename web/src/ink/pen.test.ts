import { describe, expect, it } from 'vitest';
import { PALM_PX, PEN_RULES_MS, PenFilter, type Contact } from './pen';
import { TOLERANCE, Trace } from './trace';

const contact = (change: Partial<Contact>): Contact => ({
  id: 1,
  kind: 'touch',
  width: 20,
  height: 20,
  button: 0,
  atMs: 5_000,
  ...change,
});

describe('which contact writes', () => {
  it('lets a finger, a pen or the main button write', () => {
    for (const kind of ['touch', 'pen', 'mouse'])
      expect(new PenFilter().begin(contact({ kind }))).toBe('draw');
    expect(new PenFilter().begin(contact({ kind: 'mouse', button: 2 }))).toBe('ignore');
  });

  it('ignores the hand that holds the pen, and a second later takes a finger again', () => {
    const filter = new PenFilter();
    filter.begin(contact({ kind: 'pen' }));
    expect(filter.begin(contact({ id: 2, atMs: 5_100 }))).toBe('ignore');
    filter.end(1);
    expect(filter.begin(contact({ id: 3, atMs: 5_000 + PEN_RULES_MS - 1 }))).toBe('ignore');
    expect(filter.begin(contact({ id: 4, atMs: 5_000 + PEN_RULES_MS }))).toBe('draw');
  });

  it('ignores a finger while a pen is near without touching', () => {
    const filter = new PenFilter();
    filter.move(contact({ kind: 'pen', id: 9, atMs: 4_900 }));
    expect(filter.begin(contact({}))).toBe('ignore');
  });

  it('takes back what a hand began when the pen comes', () => {
    const filter = new PenFilter();
    filter.begin(contact({}));
    expect(filter.begin(contact({ kind: 'pen', id: 2 }))).toBe('take_over');
    expect(filter.move(contact({}))).toBe('ignore');
    expect(filter.move(contact({ kind: 'pen', id: 2 }))).toBe('draw');
  });

  it('ignores a palm, also one that grows from a fingertip', () => {
    const filter = new PenFilter();
    expect(filter.begin(contact({ height: PALM_PX + 1 }))).toBe('ignore');
    filter.begin(contact({}));
    expect(filter.move(contact({ width: PALM_PX + 1 }))).toBe('palm');
    expect(filter.end(1)).toBe(false);
  });

  it('lets one contact write at a time', () => {
    const filter = new PenFilter();
    filter.begin(contact({}));
    expect(filter.begin(contact({ id: 2 }))).toBe('ignore');
    expect(filter.end(2)).toBe(false);
    expect(filter.end(1)).toBe(true);
  });
});

describe('the thinned way of a pen', () => {
  it('looks the same: no sample is further from the line than the tolerance', () => {
    const trace = new Trace();
    const samples = Array.from({ length: 400 }, (_, n) => ({
      x: 2_000 + n * 9,
      y: 4_000 + 900 * Math.sin(n / 40),
      pressure: 0.5,
      tMs: n * 8,
    }));
    for (const sample of samples) trace.add(sample);
    trace.take();
    expect(trace.points.length).toBeLessThan(80);
    for (const { x, y } of samples) {
      const near = trace.points.map((point, n) => {
        const before = trace.points[n - 1] ?? point;
        const dx = point.x - before.x;
        const dy = point.y - before.y;
        const along = ((x - before.x) * dx + (y - before.y) * dy) / Math.max(1, dx * dx + dy * dy);
        const at = Math.min(1, Math.max(0, along));
        return Math.hypot(x - before.x - at * dx, y - before.y - at * dy);
      });
      expect(Math.min(...near)).toBeLessThan(TOLERANCE + 3); // rounding, and what is taken for rest
    }
  });

  it('makes a quick line of a mouse thinner', () => {
    const slow = new Trace();
    const quick = new Trace();
    for (let n = 0; n < 30; n++) {
      slow.add({ x: n * 8, y: 0, pressure: null, tMs: n * 8 });
      quick.add({ x: n * 120, y: (n % 2) * 40, pressure: null, tMs: n * 8 });
    }
    slow.take();
    quick.take();
    const last = (trace: Trace): number => trace.points[trace.points.length - 1]?.pressure ?? 0;
    expect(last(quick)).toBeLessThan(last(slow));
  });
});
