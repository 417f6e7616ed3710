/** What of the own devices is recorded here: the tracks that are sent, while class is on, nobody paused and there is
 *  room. Knows no Vue; one for a lesson. */
import type { LocalSource, Shelf, Take } from './shelf';
import { Tape, type Rates } from './tape';

const RESERVE_BYTES = 200_000_000; // stays free for the site's other stores: decks and packs of the next lessons
export const LOOK_MS = 20_000; // how often to look at room and time

export interface Bounds {
  readonly mostBytes: number;
  readonly mostMs: number;
}

/** Return why recording must stop, or null. */
export function beyond(
  bounds: Bounds,
  bytes: number,
  runsMs: number,
  freeBytes: number,
): 'large' | 'long' | 'full' | null {
  if (bytes >= bounds.mostBytes) return 'large';
  if (runsMs >= bounds.mostMs) return 'long';
  return freeBytes < RESERVE_BYTES ? 'full' : null;
}

export type Stopped = 'large' | 'long' | 'full' | 'failed';
export type About = Pick<Take, 'lesson' | 'title' | 'peer' | 'browser' | 'until'>;
export type Tracks = Readonly<Record<LocalSource, MediaStreamTrack | null>>;

/** Return a name that nobody else has. */
export function newId(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('');
}

const SOURCES: readonly LocalSource[] = ['mic', 'camera'];

export class LocalRecorder {
  private readonly tapes = new Map<LocalSource, Tape>();
  private ended: Promise<unknown> = Promise.resolve();
  private kept = 0; // bytes of takes that are over
  private readonly begunAt = performance.now();
  private stopped = false;

  constructor(
    private readonly about: About,
    private readonly rates: Rates,
    private readonly bounds: Bounds,
    private readonly shelf: Shelf,
    private readonly roomNow: () => number,
    private readonly onStopped: (why: Stopped) => void,
  ) {}

  /** Record these tracks from now on; null: none of this source. */
  set(tracks: Tracks): void {
    for (const source of SOURCES) {
      const track = this.stopped ? null : tracks[source];
      const tape = this.tapes.get(source);
      if (tape?.track === track) continue;
      if (tape) this.end(source, tape);
      if (track && track.readyState === 'live') this.tapes.set(source, this.begin(source, track));
    }
  }

  /** Look whether there is still room. */
  check(freeBytes: number): void {
    const bytes = [...this.tapes.values()].reduce((sum, tape) => sum + tape.bytes, this.kept);
    const why = beyond(this.bounds, bytes, performance.now() - this.begunAt, freeBytes);
    if (why) this.give(why);
  }

  /** Stop for good, and return when everything is kept. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.set({ mic: null, camera: null });
    await this.ended;
  }

  private begin(source: LocalSource, track: MediaStreamTrack): Tape {
    const take: Take = {
      ...this.about,
      id: newId(),
      source,
      begun: Date.now(),
    };
    return new Tape(take, track, this.rates, this.shelf, this.roomNow, () => this.give('failed'));
  }

  private end(source: LocalSource, tape: Tape): void {
    this.tapes.delete(source);
    this.kept += tape.bytes;
    this.ended = Promise.all([this.ended, tape.stop()]);
  }

  private give(why: Stopped): void {
    if (this.stopped) return;
    void this.stop();
    this.onStopped(why);
  }
}
