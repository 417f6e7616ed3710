import { describe, expect, it } from 'vitest';
import { CLIMB_FIRST_MS, QualityRule, STALL_MS, firstLevel, type Advice, type Level } from './quality';

const LEVELS: Level[] = [
  { name: 'lecturer', bps: 1_200_000 },
  { name: 'low', bps: 200_000 },
  { name: 'light', bps: 24_000 },
];

/** A player in virtual time on a link of `bps(t)`: what is ahead grows by what comes and shrinks by what is played. */
class Player {
  now = 0;
  ahead = 0;
  stalled = true;
  readonly told: [number, Advice][] = [];
  stalledMs = 0;

  constructor(
    readonly rule: QualityRule,
    readonly bps: (ms: number) => number,
  ) {}

  run(untilMs: number): this {
    for (; this.now < untilMs; this.now += 250) {
      const rate = LEVELS[this.rule.at]?.bps ?? 1;
      this.ahead = Math.min(40_000, this.ahead + (250 * this.bps(this.now)) / rate);
      this.stalled = this.ahead < (this.stalled ? 1_000 : 250);
      if (this.stalled) this.stalledMs += 250;
      else this.ahead -= 250;
      const advice = this.rule.look({
        ...{ nowMs: this.now, playing: !this.stalled, stalled: this.stalled, aheadMs: this.ahead },
        isAll: false,
      });
      if (advice.kind === 'stay') continue;
      this.told.push([this.now, advice]);
      if (advice.kind === 'fall') this.ahead = 0;
      else {
        const isReady = this.bps(this.now) > (LEVELS[advice.to]?.bps ?? 0) * 1.2;
        this.rule.tried(isReady, this.now);
        if (isReady) this.ahead = 4_000;
      }
    }
    return this;
  }
}

describe('QualityRule', () => {
  it('stays with a link that carries it', () => {
    expect(new Player(new QualityRule(LEVELS, 0, 0), () => 3e6).run(600_000).told).toEqual([]);
  });

  it('falls to pages and sound on 100 kbit/s within a few seconds, and stays there', () => {
    const player = new Player(new QualityRule(LEVELS, 0, 0), () => 100_000).run(600_000);
    expect(player.told[0]).toEqual([expect.any(Number), { kind: 'fall', to: 2 }]);
    expect(player.told[0]?.[0]).toBeLessThanOrEqual(5_000);
    expect(player.told.filter(([, advice]) => advice.kind === 'fall')).toHaveLength(1);
    expect(player.stalledMs).toBeLessThan(6_000);
  });

  it('falls to the low picture where that fits', () => {
    const player = new Player(new QualityRule(LEVELS, 0, 0), () => 500_000).run(60_000);
    expect(player.told.map(([, advice]) => advice)).toEqual([{ kind: 'fall', to: 1 }]);
  });

  it('climbs back when the link is good again, a level at a time', () => {
    const link = (ms: number): number => (ms < 60_000 ? 60_000 : 4e6);
    const player = new Player(new QualityRule(LEVELS, 0, 0), link).run(300_000);
    expect(player.rule.at).toBe(0);
    expect(player.told.filter(([, advice]) => advice.kind === 'try')).toHaveLength(2);
  });

  it('tries ever more seldom what never gets ready', () => {
    const rule = new QualityRule(LEVELS, 2, 0);
    const player = new Player(rule, () => 230_000).run(900_000); // looks like enough, and is not
    const tries = player.told.map(([at]) => at);
    expect(tries.length).toBeGreaterThan(1);
    expect(tries.length).toBeLessThanOrEqual(7);
    const waits = tries.slice(1).map((at, n) => at - (tries[n] ?? 0));
    expect(waits).toEqual([...waits].sort((a, b) => a - b));
  });

  it('takes neither a start nor a seek for a stall', () => {
    const rule = new QualityRule(LEVELS, 0, 0);
    const look = (nowMs: number) =>
      rule.look({ nowMs, playing: false, stalled: true, aheadMs: 0, isAll: false }).kind;
    expect([0, 500, 1_000].map(look)).toEqual(['stay', 'stay', 'stay']);
    rule.settle(1_000);
    expect([1_500, 2_500, 2_500 + STALL_MS].map(look)).toEqual(['stay', 'stay', 'fall']);
  });

  it('takes three hiccups within half a minute for a fall', () => {
    const rule = new QualityRule(LEVELS, 0, 0);
    const kinds = Array.from({ length: 100 }, (_, n) => {
      const stalled = n > 20 && n % 20 < 2;
      return rule.look({ nowMs: n * 250, playing: !stalled, stalled, aheadMs: 3_000, isAll: false }).kind;
    });
    expect(kinds.indexOf('fall')).toBe(60);
  });

  it('does not climb while the link is unknown to be safe, nor before its time', () => {
    const rule = new QualityRule(LEVELS, 1, 0);
    const look = (nowMs: number, aheadMs: number) =>
      rule.look({ nowMs, playing: true, stalled: false, aheadMs, isAll: false }).kind;
    expect(look(CLIMB_FIRST_MS - 1, 30_000)).toBe('stay');
    expect(look(CLIMB_FIRST_MS + 1, 2_000)).toBe('stay');
  });

  it('begins with what the link carries with room', () => {
    expect([0, 30_000, 300_000, 1_500_000, 2e6].map((bps) => firstLevel(LEVELS, bps))).toEqual([
      2, 2, 1, 1, 0,
    ]);
  });
});
