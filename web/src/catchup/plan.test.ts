import { describe, expect, it } from 'vitest';
import type { Cluster, Missed, MissedTrack } from './missed';
import { ReplayPlan } from './plan';

/** A track of one-second clusters of 1000 bytes, from part time 0 on. */
function track(role: MissedTrack['role'], count: number, change: Partial<MissedTrack> = {}): MissedTrack {
  const clusters = Array.from({ length: count }, (_, n): Cluster => [
    n * 1000,
    n * 1000 + 1000,
    100 + n * 1000,
    1100 + n * 1000,
    1,
  ]);
  const mime = role === 'voice' || role === 'guest' ? 'audio/webm; codecs=opus' : 'video/webm; codecs=vp8';
  const part = role === 'voice' ? 1 : 2;
  const plain = { peer: 'p', width: 0, height: 0, header_bytes: 100, shift_ms: 60_000 };
  return { ...plain, role, part, mime, clusters, ...change };
}

function answer(tracks: MissedTrack[], change: Partial<Missed> = {}): Missed {
  return {
    now_ms: 100_000,
    from_ms: 60_000,
    to_ms: 90_000,
    offer: 'all',
    spare_bps: 1_000_000,
    tracks,
    pages: [],
    ...change,
  };
}

function planned(...answers: Missed[]): ReplayPlan {
  const plan = new ReplayPlan(60_000);
  for (const one of answers) plan.take(one);
  return plan;
}

describe('ReplayPlan', () => {
  it('asks for four seconds at a time, in order', () => {
    const plan = planned(answer([track('voice', 10)]));
    const pieces = [plan.next(60_000, 30_000), plan.next(60_000, 30_000), plan.next(60_000, 30_000)];
    expect(pieces.map((one) => [one?.start, one?.end, one?.fromMs, one?.toMs])).toEqual([
      [100, 4100, 60_000, 64_000],
      [4100, 8100, 64_000, 68_000],
      [8100, 10_100, 68_000, 70_000],
    ]);
    expect(plan.next(60_000, 30_000)).toBeNull();
  });

  it('fetches sound some seconds ahead of pictures', () => {
    const plan = planned(answer([track('voice', 20), track('camera', 20)]));
    const roles = Array.from({ length: 5 }, () => plan.next(60_000, 30_000)?.role);
    expect(roles).toEqual(['voice', 'voice', 'voice', 'camera', 'voice']);
  });

  it('fetches no further than the horizon', () => {
    const plan = planned(answer([track('camera', 20)]));
    const starts: number[] = [];
    for (let piece = plan.next(60_000, 6_000); piece; piece = plan.next(60_000, 6_000))
      starts.push(piece.fromMs);
    expect(starts).toEqual([60_000, 64_000]);
  });

  it('takes a cluster once, however often it is named', () => {
    const plan = planned(answer([track('voice', 3)]), answer([track('voice', 5)]));
    const ends: (number | undefined)[] = [];
    for (let piece = plan.next(60_000, 30_000); piece; piece = plan.next(60_000, 30_000))
      ends.push(piece.end);
    expect(ends).toEqual([4100, 5100]);
  });

  it('keeps the clock of a part that moved by little, and takes one that leapt', () => {
    const later = { clusters: track('voice', 6).clusters.slice(3) };
    const near = planned(
      answer([track('voice', 3)]),
      answer([track('voice', 0, { ...later, shift_ms: 60_040 })]),
    );
    expect([near.next(0, 99_000)?.shiftMs, near.next(0, 99_000)?.shiftMs]).toEqual([60_000, 60_000]);
    const far = planned(
      answer([track('voice', 3)]),
      answer([track('voice', 0, { ...later, shift_ms: 65_000 })]),
    );
    expect([far.next(0, 99_000)?.shiftMs, far.next(0, 99_000)?.shiftMs]).toEqual([60_000, 65_000]);
  });

  it('knows what has not come yet until it is settled', () => {
    const plan = planned(answer([track('voice', 4)]));
    expect(plan.awaits('voice', 61_000)).toBe(true);
    const piece = plan.next(60_000, 30_000);
    expect(plan.awaits('voice', 61_000)).toBe(true);
    if (piece) plan.settle(piece);
    expect(plan.awaits('voice', 61_000)).toBe(false);
    expect(plan.awaits('voice', 70_000)).toBe(false);
  });

  it('offers a piece again that was put back', () => {
    const plan = planned(answer([track('voice', 4)]));
    const piece = plan.next(60_000, 30_000);
    if (piece) plan.putBack(piece);
    expect(plan.next(60_000, 30_000)).toEqual(piece);
  });

  it('trusts nothing younger than five seconds to be whole', () => {
    expect(planned(answer([], { to_ms: 90_000 })).settledMs).toBe(90_000);
    expect(planned(answer([], { to_ms: 100_000 })).settledMs).toBe(95_000);
  });

  it('forgets nothing while it waits for the link', () => {
    const plan = planned(answer([], { offer: 'wait', to_ms: 90_000 }));
    expect([plan.settledMs, plan.offer]).toEqual([60_000, 'wait']);
  });

  it('asks again for the pictures that the link had no room for', () => {
    const plan = planned(answer([track('voice', 30)], { offer: 'less' }));
    expect([plan.settledMs, plan.askFromMs(70_000)]).toEqual([90_000, 68_000]);
    plan.take(answer([track('voice', 30), track('camera', 30)]));
    expect(plan.askFromMs(70_000)).toBe(88_000);
    expect(plan.awaits('camera', 70_000)).toBe(true);
  });

  it('turns pages at their time', () => {
    const plan = planned(
      answer([], {
        pages: [
          { t_ms: 1_000, page: 2 },
          { t_ms: 70_000, page: 3 },
        ],
      }),
      answer([], { pages: [{ t_ms: 70_000, page: 3 }] }),
    );
    expect([plan.pageAt(60_000), plan.pageAt(69_999), plan.pageAt(70_000)]).toEqual([2, 2, 3]);
    expect(plan.pageAt(500)).toBeNull();
  });

  it('finds the next thing after a hole', () => {
    const plan = planned(answer([track('voice', 2), track('camera', 3, { shift_ms: 80_000 })]));
    expect([plan.nextContentMs(60_500), plan.nextContentMs(70_000), plan.nextContentMs(90_000)]).toEqual([
      60_500,
      80_000,
      null,
    ]);
  });
});
