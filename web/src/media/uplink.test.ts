import { describe, expect, it } from 'vitest';
import { UplinkPolicy, type UplinkLevel, type UplinkSample } from './uplink';

/** A policy in virtual time, looked at once a second. */
class Link {
  now = 0;
  readonly history: { atS: number; level: UplinkLevel }[] = [];
  constructor(readonly policy = new UplinkPolicy()) {}

  run(seconds: number, sample: Partial<UplinkSample>): UplinkLevel {
    for (let n = 0; n < seconds; n++) {
      this.now += 1_000;
      const before = this.policy.level;
      const level = this.policy.onSample({
        atMs: this.now,
        availableBps: null,
        rttMs: 60,
        lossFraction: 0,
        heard: true,
        ...sample,
      });
      if (level !== before) this.history.push({ atS: this.now / 1_000, level });
    }
    return this.policy.level;
  }
}

describe('the level of a weak uplink', () => {
  it.each([
    [900_000, 'full'],
    [390_000, 'reduced'],
    [129_000, 'small'],
    [60_000, 'small'],
    [34_000, 'still'],
    [10_000, 'still'],
  ] as const)('at %d bit/s settles at %s', (availableBps, level) => {
    const link = new Link();
    link.run(6, { availableBps: 1_500_000 });
    expect(link.run(8, { availableBps })).toBe(level);
  });

  it('does not believe an estimator that has only begun', () => {
    const link = new Link();
    expect(link.run(5, { availableBps: 100_000 })).toBe('full');
    expect(link.run(3, { availableBps: 900_000 })).toBe('full');
  });

  it('outlasts a dip of a second, but not a collapse', () => {
    const link = new Link();
    link.run(8, { availableBps: 900_000 });
    link.run(1, { availableBps: 350_000 });
    expect(link.run(1, { availableBps: 900_000 })).toBe('full');
    expect(link.run(1, { availableBps: 60_000, rttMs: 1_800 })).toBe('small');
  });

  it('gives an estimate that rises its time', () => {
    const link = new Link();
    link.run(8, { availableBps: 900_000 });
    link.run(20, { heard: false });
    let availableBps = 40_000;
    for (let n = 0; n < 40; n++) link.run(1, { availableBps: (availableBps *= 1.08) });
    expect(link.history).toEqual([]);
  });

  it('tries a step long enough for an estimate that follows what is sent', () => {
    const link = new Link(new UplinkPolicy('still'));
    let availableBps = 60_000;
    for (let n = 0; n < 120; n++) {
      const sent = { still: 42_000, small: 150_000, reduced: 400_000, full: 1_200_000 }[link.policy.level];
      availableBps = Math.min(availableBps * 1.08, 1.5 * sent + 20_000);
      link.run(1, { availableBps });
    }
    expect(link.history.map(({ level }) => level)).toEqual(['small', 'reduced', 'full']);
  });

  it('climbs one step at a time, each after a calm time', () => {
    const link = new Link();
    link.run(8, { availableBps: 900_000 });
    link.run(6, { availableBps: 30_000 });
    link.run(40, { availableBps: 900_000 });
    expect(link.history.map(({ level }) => level)).toEqual(['still', 'small', 'reduced', 'full']);
    const [fallen, ...climbs] = link.history.map(({ atS }) => atS);
    let before = fallen ?? 0;
    for (const at of climbs) {
      expect(at - before).toBeGreaterThanOrEqual(8);
      before = at;
    }
  });

  it('tries less and less often on a link that does not bear the next step', () => {
    const link = new Link(new UplinkPolicy('small'));
    for (let n = 0; n < 400; n++)
      link.run(1, { availableBps: link.policy.level === 'small' ? 60_000 : 100_000 });
    const tries = link.history.filter(({ level }) => level === 'reduced').map(({ atS }) => atS);
    const gaps = tries.slice(1).map((at, index) => at - (tries[index] ?? 0));
    expect(tries.length).toBeLessThan(9);
    expect(Math.max(...gaps)).toBeGreaterThan(60);
  });

  it('keeps its level over an outage and for the estimate’s first seconds after it', () => {
    const link = new Link();
    link.run(10, { availableBps: 900_000 });
    link.run(20, { availableBps: 30_000, heard: false });
    link.run(4, { availableBps: 50_000 });
    expect(link.run(10, { availableBps: 700_000 })).toBe('full');
  });

  it('goes by loss and delay where the browser gives no estimate', () => {
    const lossy = new Link();
    lossy.run(8, {});
    expect(lossy.run(4, { lossFraction: 0.3 })).toBe('reduced');
    const slow = new Link();
    slow.run(8, {});
    expect(slow.run(4, { rttMs: 900 })).toBe('reduced');
  });

  it('does not take random loss for a narrow link where there is an estimate', () => {
    const link = new Link();
    link.run(8, { availableBps: 900_000 });
    expect(link.run(30, { availableBps: 900_000, lossFraction: 0.2 })).toBe('full');
  });

  it('falls a step while a queue stays, and does not climb', () => {
    const link = new Link(new UplinkPolicy('small'));
    link.run(8, { availableBps: 100_000 });
    expect(link.run(2, { availableBps: 100_000, rttMs: 1_500 })).toBe('small');
    expect(link.run(30, { availableBps: 100_000, rttMs: 1_500 })).toBe('still');
  });
});
