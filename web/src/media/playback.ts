/** How a lesson has played on this page: gaps between the lecturer's pictures, and made-up sound. Pure: the page tells
 *  of each presented frame and of each look at the statistics.
 *
 *  A gap counts whole when it is longer than 500 ms, also while it is still open. It counts only while a picture is due:
 *  the lesson runs, the lecturer's camera is on, the page is visible. While the server sends no picture on purpose, the
 *  time is counted apart, as paused. A shared screen is not measured: where nothing moves on it, nothing is sent.
 */

export const STALL_MS = 500;

/** What is due now. `paused`: the server says that it sends no large picture, because of the link. */
export interface Due {
  picture: 'due' | 'paused' | 'none';
  voice: boolean;
}

export interface Played {
  watched_ms: number;
  video_stall_ms: number;
  paused_ms: number;
  audio_ms: number;
  audio_concealed_ms: number;
}

export class PlaybackMeter {
  private due: Due = { picture: 'none', voice: false };
  /** Where the present stretch between two frames began; null before the first frame and while no picture is due. */
  private gapFrom: number | null = null;
  private begun = false;
  private played: Played = {
    watched_ms: 0,
    video_stall_ms: 0,
    paused_ms: 0,
    audio_ms: 0,
    audio_concealed_ms: 0,
  };
  private voice = { ms: 0, concealedMs: 0 };

  /** A frame of the lecturer was presented. */
  onFrame(now: number): void {
    this.begun = true;
    if (this.due.picture === 'none') return;
    this.close(now);
    this.gapFrom = now;
  }

  /** What is due changed, or is said again. */
  onDue(due: Due, now: number): void {
    if (due.picture !== this.due.picture) {
      this.close(now);
      this.gapFrom = this.begun && due.picture !== 'none' ? now : null;
    }
    this.due = due;
  }

  /** The voice's counters of the connection stand here; those of a new connection begin at 0. */
  onVoice(ms: number, concealedMs: number): void {
    const before = ms < this.voice.ms ? { ms: 0, concealedMs: 0 } : this.voice;
    if (this.due.voice) {
      this.played.audio_ms += ms - before.ms;
      this.played.audio_concealed_ms += Math.max(0, concealedMs - before.concealedMs);
    }
    this.voice = { ms, concealedMs };
  }

  /** Return what has been counted up to `now`, an open gap included. All figures only grow. */
  at(now: number): Played {
    const open = this.stretch(now);
    const whole = { ...this.played };
    for (const key of Object.keys(open) as (keyof typeof open)[]) whole[key] += open[key];
    return {
      watched_ms: Math.round(whole.watched_ms),
      video_stall_ms: Math.round(whole.video_stall_ms),
      paused_ms: Math.round(whole.paused_ms),
      audio_ms: Math.round(whole.audio_ms),
      audio_concealed_ms: Math.round(whole.audio_concealed_ms),
    };
  }

  private close(now: number): void {
    const open = this.stretch(now);
    for (const key of Object.keys(open) as (keyof typeof open)[]) this.played[key] += open[key];
    this.gapFrom = null;
  }

  private stretch(now: number): Pick<Played, 'watched_ms' | 'video_stall_ms' | 'paused_ms'> {
    const ms = this.gapFrom === null ? 0 : Math.max(0, now - this.gapFrom);
    const isPaused = this.due.picture === 'paused';
    return {
      watched_ms: ms,
      video_stall_ms: !isPaused && ms > STALL_MS ? ms : 0,
      paused_ms: isPaused ? ms : 0,
    };
  }
}
