import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Clip, ShownClip } from '@/generated/messages';
import { ClipPlayer, TICK_MS, type Media } from './clipPlayer';
import { ClipSource, LOOK_MS } from './clipSource';

const clip: Clip = {
  sha256: 'a'.repeat(64),
  title: '日食',
  mime: 'video/mp4',
  duration_ms: 60_000,
  bytes: 4_000_000,
  url: '/api/lessons/abc/pack/aa',
};
const shown = (playing: boolean, position_ms = 0, at_t_ms = 0): ShownClip => ({
  clip,
  playing,
  position_ms,
  at_t_ms,
});

/** A media element in virtual time: a jump takes a while, and its clock may be crooked. */
class FakeMedia implements Media {
  playbackRate = 1;
  muted = false;
  volume = 1;
  duration = 60;
  paused = true;
  ended = false;
  readyState = 4;
  jumps = 0;
  plays = 0;
  refuses = false;
  private at = 0;
  private seekLeft = 0;

  constructor(
    private readonly seekMs = 200,
    private readonly skew = 1,
  ) {}

  get currentTime(): number {
    return this.at;
  }
  set currentTime(seconds: number) {
    this.at = seconds;
    this.seekLeft = this.seekMs;
    this.jumps += 1;
    this.ended = false;
  }
  get seeking(): boolean {
    return this.seekLeft > 0;
  }
  play(): Promise<void> {
    this.plays += 1;
    if (this.refuses && !this.muted) return Promise.reject(new DOMException('', 'NotAllowedError'));
    this.paused = false;
    return Promise.resolve();
  }
  pause(): void {
    this.paused = true;
  }
  run(ms: number): void {
    const seek = Math.min(ms, this.seekLeft);
    this.seekLeft -= seek;
    if (this.paused || this.readyState < 3) return;
    this.at = Math.min(60, this.at + ((ms - seek) / 1000) * this.playbackRate * this.skew);
    if (this.at >= 60) [this.paused, this.ended] = [true, true];
  }
}

class Room {
  now = 100_000;
  readonly player: ClipPlayer;
  blocked = 0;

  constructor(
    readonly media: FakeMedia,
    private readonly offset = 100_000,
  ) {
    this.player = new ClipPlayer(media, () => (this.blocked += 1));
  }

  get roomNow(): number {
    return this.now - this.offset;
  }

  play(one: ShownClip, seconds: number): void {
    for (let passed = 0; passed < seconds * 1000; passed += TICK_MS) {
      this.player.tick(one, this.roomNow, this.now);
      this.media.run(TICK_MS);
      this.now += TICK_MS;
    }
  }

  offBy(one: ShownClip): number {
    const wanted = one.position_ms + (one.playing ? this.roomNow - one.at_t_ms : 0);
    return Math.abs(Math.min(60_000, wanted) - this.media.currentTime * 1000);
  }
}

describe('a player that follows the lesson', () => {
  it('plays from the beginning with everybody', () => {
    const room = new Room(new FakeMedia());
    room.play(shown(true), 10);
    expect(room.offBy(shown(true))).toBeLessThan(300);
  });

  it('lands where a late joiner should be, in one jump', () => {
    const room = new Room(new FakeMedia());
    room.now += 30_000;
    room.play(shown(true), 5);
    expect(room.offBy(shown(true))).toBeLessThan(300);
    expect(room.media.jumps).toBe(1);
  });

  it('stands on the same picture everywhere when it is paused, and follows a seek', () => {
    const room = new Room(new FakeMedia());
    room.play(shown(true), 10);
    const still = shown(false, 9_640, 9_640);
    room.play(still, 1);
    expect(room.media.paused).toBe(true);
    expect(room.offBy(still)).toBeLessThanOrEqual(40);
    room.play(shown(false, 42_000, 11_000), 1);
    expect(room.media.currentTime).toBeCloseTo(42);
  });

  it('learns how long a slow machine takes to jump', () => {
    const room = new Room(new FakeMedia(1_400));
    room.now += 20_000;
    room.play(shown(true), 12);
    expect(room.offBy(shown(true))).toBeLessThan(300);
    const jumps = room.media.jumps;
    room.play(shown(true, 5_000, room.roomNow), 6);
    expect(room.media.jumps - jumps).toBe(1);
    expect(room.offBy(shown(true, 5_000, room.roomNow - 6_000))).toBeLessThan(300);
  });

  it('holds a crooked clock without a jump', () => {
    const room = new Room(new FakeMedia(200, 0.99));
    room.play(shown(true), 55);
    expect(room.media.jumps).toBe(0);
    expect(room.offBy(shown(true))).toBeLessThan(330);
  });

  it('plays out at the end and stays there', () => {
    const room = new Room(new FakeMedia());
    room.play(shown(true, 57_000), 8);
    expect(room.media.ended).toBe(true);
    const plays = room.media.plays;
    room.play(shown(true, 57_000), 5);
    expect(room.media.plays).toBe(plays);
    room.play(shown(true, 0, room.roomNow), 3);
    expect(room.media.paused).toBe(false);
  });

  it('says when it has had nothing to play for long', () => {
    const room = new Room(new FakeMedia());
    room.play(shown(true), 2);
    room.media.readyState = 1;
    room.play(shown(true), 2);
    expect(room.player.isLate(room.now)).toBe(false);
    room.play(shown(true), 2);
    expect(room.player.isLate(room.now)).toBe(true);
    room.media.readyState = 4;
    room.play(shown(true), 1);
    expect(room.player.isLate(room.now)).toBe(false);
  });

  it('shows the picture when the browser holds the sound back, and asks for a touch once', async () => {
    const room = new Room(new FakeMedia());
    room.media.refuses = true;
    room.play(shown(true), 0.25);
    await Promise.resolve();
    await Promise.resolve();
    expect(room.blocked).toBe(1);
    expect([room.media.muted, room.media.paused]).toEqual([true, false]);
    room.media.refuses = false;
    room.player.setVolume(0.6);
    expect([room.media.muted, room.media.volume]).toEqual([false, 0.6]);
  });
});

describe('where a clip comes from', () => {
  beforeEach(() => void vi.useFakeTimers());

  function open(kept: () => Blob | null) {
    const states: string[] = [];
    const freed: string[] = [];
    const source: ClipSource = new ClipSource(
      clip,
      {
        kept: () => Promise.resolve(kept()),
        after: (ms, work) => {
          const timer = setTimeout(work, ms);
          return () => clearTimeout(timer);
        },
        makeUrl: () => 'blob:own',
        freeUrl: (url) => freed.push(url),
      },
      () => states.push(source.state),
    );
    return { source, states, freed };
  }

  it('is the own store when it is there, and nothing is asked for', async () => {
    const { source, states, freed } = open(() => new Blob(['film']));
    await vi.advanceTimersByTimeAsync(60_000);
    expect([states, source.url]).toEqual([['own'], 'blob:own']);
    source.close();
    expect(freed).toEqual(['blob:own']);
  });

  it('is the server until the pack has it', async () => {
    let pack: Blob | null = null;
    const { source, states } = open(() => pack);
    await vi.advanceTimersByTimeAsync(LOOK_MS * 2);
    expect([source.state, source.url]).toEqual(['server', clip.url]);
    pack = new Blob(['film']);
    await vi.advanceTimersByTimeAsync(LOOK_MS);
    expect(states).toEqual(['server', 'own']);
  });

  it('is said not to be here when the server cannot, and is tried again', async () => {
    const { source, states } = open(() => null);
    await vi.advanceTimersByTimeAsync(1);
    source.onError(clip.url);
    expect(source.state).toBe('absent');
    await vi.advanceTimersByTimeAsync(LOOK_MS * 4);
    expect(states).toEqual(['server', 'absent', 'server']);
  });

  it('is said not to play when the own copy does not', async () => {
    const { source } = open(() => new Blob(['film']));
    await vi.advanceTimersByTimeAsync(1);
    source.onError('blob:other');
    expect(source.state).toBe('own');
    source.onError('blob:own');
    expect(source.state).toBe('broken');
  });
});
