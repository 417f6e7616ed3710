/** A replay of what was missed: asks the server what there is, fetches it as fast as live allows, and plays it. The
 *  voice's element is the clock; where there is no voice, time goes on by itself. Knows no Vue. */
import { ApiError } from '@/api/client';
import { ReplayLane } from './lane';
import { fetchBytes, fetchMissed, type Role } from './missed';
import { ReplayPace } from './pace';
import { ROLES, ReplayPlan, type Piece } from './plan';

/** What is seen of a replay; told several times a second. */
export interface ReplayView {
  state: 'loading' | 'playing' | 'waiting' | 'ended' | 'failed';
  posMs: number;
  liveMs: number;
  page: number | null;
  hasScreen: boolean;
  hasCamera: boolean;
  /** The link has no room for all pictures. */
  isLess: boolean;
}

const TICK_MS = 100;
const HORIZON_MS = 30_000; // fetched ahead: an outage of half a minute is played without a stop
const ASK_AHEAD_MS = 20_000; // known ahead
const ASK_EVERY_MS = 1_000;
const AGAIN_MS = 2_000; // the media worker reports links as often
const WINDOW_MS = 60_000; // the server answers no more at once
const BASE_BEHIND_MS = 30_000; // pictures begin at a keyframe up to 20 s before
const DRIFT_MS = 300; // of a picture or a second voice against the first: then it is sought
const WAITING_MS = 3_000; // nothing came for so long: say so

export class Replay {
  readonly elements: ReadonlyMap<Role, HTMLMediaElement>;
  private readonly lanes = new Map<Role, ReplayLane>();
  private readonly heads = new Map<number, ArrayBuffer>();
  private readonly plan: ReplayPlan;
  private readonly pace: ReplayPace;
  private readonly gone = new AbortController();
  private readonly broken = new Set<Role>();
  private readonly timer: number;
  private liveOffsetMs: number;
  private pausedSince = performance.now();
  private silent = false;
  private failed = false;
  private asked = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly lesson: string,
    private readonly peer: string,
    fromMs: number,
    liveMs: number,
    rate: number,
    private readonly onView: (view: ReplayView) => void,
  ) {
    this.plan = new ReplayPlan(fromMs);
    this.pace = new ReplayPace(fromMs, performance.now(), rate);
    this.liveOffsetMs = liveMs - performance.now();
    for (const role of ROLES) {
      const kind = role === 'voice' || role === 'guest' ? 'audio' : 'video';
      this.lanes.set(role, new ReplayLane(kind, fromMs - BASE_BEHIND_MS));
    }
    this.elements = new Map([...this.lanes].map(([role, lane]) => [role, lane.element]));
    this.timer = window.setInterval(() => this.tick(), TICK_MS);
    void this.load();
  }

  set rate(rate: number) {
    this.pace.rate = rate;
  }

  /** In the corner a replay is not heard: two voices at once are none. */
  setSilent(silent: boolean): void {
    this.silent = silent;
    for (const role of ['voice', 'guest'] as const) this.lane(role).element.muted = silent;
  }

  close(): void {
    window.clearInterval(this.timer);
    this.gone.abort();
    for (const lane of this.lanes.values()) lane.close();
  }

  private get liveMs(): number {
    return performance.now() + this.liveOffsetMs;
  }

  private lane(role: Role): ReplayLane {
    const lane = this.lanes.get(role);
    if (!lane) throw new Error(role);
    return lane;
  }

  // --- fetching

  private async load(): Promise<void> {
    while (!this.gone.signal.aborted && this.pace.state !== 'ended') {
      let idle = true;
      try {
        if (this.isAskDue()) {
          await this.ask();
          idle = false;
        }
        const piece = this.plan.next(this.pace.posMs, HORIZON_MS);
        if (piece) {
          await this.get(piece);
          idle = false;
        }
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        if (isFinal(error)) {
          this.failed = true;
          return;
        }
        await pause(AGAIN_MS);
      }
      if (idle) await pause(ASK_EVERY_MS / 4);
    }
  }

  private isAskDue(): boolean {
    const knownMs = this.plan.settledMs - this.pace.posMs;
    const { offer } = this.plan;
    const isDue = performance.now() - this.asked >= (offer === 'all' ? ASK_EVERY_MS : AGAIN_MS);
    return isDue && (knownMs < ASK_AHEAD_MS || offer === 'less');
  }

  private async ask(): Promise<void> {
    this.asked = performance.now();
    const fromMs = Math.max(0, this.plan.askFromMs(this.pace.posMs));
    const missed = await fetchMissed(this.lesson, this.peer, fromMs, fromMs + WINDOW_MS);
    this.liveOffsetMs = missed.now_ms - performance.now();
    // What is too old by now is passed over.
    if (missed.from_ms > this.plan.settledMs) this.plan.settledMs = missed.from_ms;
    this.plan.take(missed);
  }

  private async get(piece: Piece): Promise<void> {
    if (this.broken.has(piece.role)) return this.plan.settle(piece);
    const lane = this.lane(piece.role);
    try {
      let head: ArrayBuffer | null = null;
      if (lane.needsHead(piece)) {
        head = this.heads.get(piece.part) ?? (await this.bytes(piece.part, 0, piece.headerBytes));
        this.heads.set(piece.part, head);
      }
      const data = await this.bytes(piece.part, piece.start, piece.end);
      await lane.append(piece, head, data);
      this.plan.settle(piece);
    } catch (error) {
      if (error instanceof ApiError) {
        if (error.code === 'catchup_range')
          this.plan.settle(piece); // cut away by a full disk: it will not come back
        else this.plan.putBack(piece);
        throw error;
      }
      this.plan.settle(piece);
      this.broken.add(piece.role); // this browser cannot play it: the rest goes on without
    }
  }

  private bytes(part: number, start: number, end: number): Promise<ArrayBuffer> {
    return fetchBytes(this.lesson, this.peer, part, [start, end], this.gone.signal);
  }

  // --- playing

  private tick(): void {
    const voice = this.lane('voice');
    const { posMs } = this.pace;
    const voiceUntilMs = voice.bufferedUntil(posMs);
    const isVoiceRunning = !voice.element.paused && !voice.isSeeking && voiceUntilMs !== null;
    const jumped = this.pace.step(performance.now(), {
      voiceUntilMs,
      voiceMs: isVoiceRunning ? voice.posMs : null,
      voiceWanted: !this.broken.has('voice') && this.plan.awaits('voice', posMs),
      nextContentMs: this.plan.nextContentMs(posMs),
      knownMs: this.plan.knownMs,
      settledMs: this.plan.settledMs,
      liveMs: this.liveMs,
    });
    if (jumped) this.plan.skipTo(this.pace.posMs);
    const playing = this.pace.state === 'playing' && !this.failed;
    if (playing) this.pausedSince = performance.now();
    for (const role of ROLES) this.follow(role, playing, jumped);
    this.tell();
  }

  private follow(role: Role, playing: boolean, jumped: boolean): void {
    const lane = this.lane(role);
    const { posMs } = this.pace;
    if (!playing || lane.bufferedUntil(posMs) === null) return lane.pause();
    const isLost = lane.bufferedUntil(lane.posMs) === null; // a seek to where nothing is never ends
    const isAstray = !lane.isSeeking && Math.abs(lane.posMs - posMs) > DRIFT_MS;
    if (jumped || isLost || isAstray) lane.seek(posMs);
    if (role === 'voice' || role === 'guest') lane.element.muted = this.silent;
    lane.play(this.pace.rate);
  }

  private tell(): void {
    const { posMs, state } = this.pace;
    this.onView({
      state: this.failed ? 'failed' : this.stateWord(state),
      posMs,
      liveMs: this.liveMs,
      page: this.plan.pageAt(posMs),
      hasScreen: this.lane('screen').bufferedUntil(posMs) !== null,
      hasCamera: this.lane('camera').bufferedUntil(posMs) !== null,
      isLess: this.plan.offer === 'less',
    });
  }

  private stateWord(state: ReplayPace['state']): ReplayView['state'] {
    if (state !== 'buffering') return state;
    return performance.now() - this.pausedSince > WAITING_MS ? 'waiting' : 'loading';
  }
}

/** Whether asking again is of no use. */
function isFinal(error: ApiError): boolean {
  const passing = ['catchup_range', 'catchup_busy', 'catchup_empty'];
  return error.status >= 400 && error.status < 500 && error.status !== 429 && !passing.includes(error.code);
}

function pause(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}
