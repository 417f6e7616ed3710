import { describe, expect, it } from 'vitest';
import { ReplayPace, type Surroundings } from './pace';

const CALM: Surroundings = {
  voiceUntilMs: 120_000,
  voiceMs: null,
  voiceWanted: false,
  nextContentMs: 60_000,
  knownMs: 120_000,
  settledMs: 120_000,
  liveMs: 125_000,
};

const paced = (rate = 1.25): ReplayPace => new ReplayPace(60_000, 0, rate);

describe('ReplayPace', () => {
  it('waits for the first sound', () => {
    const pace = paced();
    pace.step(100, { ...CALM, voiceUntilMs: null, voiceWanted: true });
    expect([pace.state, pace.posMs]).toEqual(['buffering', 60_000]);
  });

  it('begins when a second and a half of sound is there, or all that will come', () => {
    const pace = paced();
    pace.step(100, { ...CALM, voiceUntilMs: 61_000 });
    expect(pace.state).toBe('buffering');
    pace.step(200, { ...CALM, voiceUntilMs: 61_600 });
    expect(pace.state).toBe('playing');
    const short = paced();
    short.step(100, { ...CALM, voiceUntilMs: 61_000, settledMs: 61_000 });
    expect(short.state).toBe('playing');
  });

  it('follows the voice while it plays', () => {
    const pace = paced();
    pace.step(100, CALM);
    pace.step(200, { ...CALM, voiceMs: 61_234 });
    expect(pace.posMs).toBe(61_234);
  });

  it('helps a voice over a place where it stands still', () => {
    const pace = paced();
    pace.step(100, CALM);
    const stuck = { ...CALM, voiceMs: 61_000 };
    const jumps = Array.from({ length: 15 }, (_, n) => pace.step(200 + n * 100, stuck));
    expect(jumps.filter(Boolean)).toHaveLength(1);
    expect(pace.posMs).toBe(61_250);
  });

  it('goes on at its own rate where nobody speaks', () => {
    const pace = paced(1.5);
    pace.step(100, { ...CALM, voiceUntilMs: null });
    const before = pace.posMs;
    pace.step(300, { ...CALM, voiceUntilMs: null, nextContentMs: pace.posMs });
    expect(pace.posMs - before).toBe(300);
  });

  it('stops when the sound has not come in time, and goes on when it has', () => {
    const pace = paced();
    pace.step(100, CALM);
    pace.step(200, { ...CALM, voiceUntilMs: null, voiceWanted: true });
    expect(pace.state).toBe('buffering');
    pace.step(300, CALM);
    expect(pace.state).toBe('playing');
  });

  it('passes over a hole of nothing at all', () => {
    const pace = paced();
    const jumped = pace.step(100, { ...CALM, voiceUntilMs: null, nextContentMs: 90_000 });
    expect([jumped, pace.posMs]).toEqual([true, 90_000]);
  });

  it('does not pass over what may still become known', () => {
    const pace = paced();
    pace.step(100, { ...CALM, voiceUntilMs: null, nextContentMs: null, settledMs: 60_000 });
    expect([pace.state, pace.posMs]).toEqual(['buffering', 60_000]);
  });

  it('never leaps over a long sleep of the page', () => {
    const pace = paced();
    pace.step(100, CALM);
    pace.step(3_600_000, { ...CALM, voiceUntilMs: null, nextContentMs: 60_000 });
    expect(pace.posMs).toBeLessThan(62_000);
  });

  it('ends at live', () => {
    const pace = paced();
    pace.step(100, { ...CALM, liveMs: 62_900 });
    expect(pace.state).toBe('ended');
  });

  it('ends a little before live when nobody speaks any more', () => {
    const pace = paced();
    const quiet = { ...CALM, voiceUntilMs: null, nextContentMs: null, settledMs: 60_000 };
    pace.step(100, { ...quiet, liveMs: 70_000 });
    expect(pace.state).toBe('buffering');
    pace.step(200, { ...quiet, liveMs: 67_000 });
    expect(pace.state).toBe('ended');
  });

  it('reaches live from any distance at 1.25', () => {
    const pace = paced();
    let at = 0;
    for (; pace.state !== 'ended' && at < 400_000; at += 100) {
      const liveMs = 83_000 + at;
      const until = liveMs - 1_500;
      pace.step(at, {
        voiceUntilMs: until > pace.posMs ? until : null,
        voiceMs: null,
        voiceWanted: false,
        nextContentMs: pace.posMs,
        knownMs: until,
        settledMs: liveMs - 5_000,
        liveMs,
      });
    }
    expect(at / 1_000).toBeGreaterThan(75);
    expect(at / 1_000).toBeLessThan(85); // (23 - 3) s / 0.25
  });
});
