/** When a media path is restarted or made anew. Pure: time comes in, an action comes out.
 *
 *  Chromium calls a path `disconnected` 7.6 s after the last packet and `failed` after 17.6 s; from `failed` it never
 *  comes back alone, from `disconnected` it may (measured). An ICE restart costs 28–61 ms and no DTLS, so it is
 *  tried early, but only while the socket lives: without it the new credentials cannot reach the server.
 */

export type PathState = 'new' | 'connecting' | 'connected' | 'disconnected' | 'failed' | 'closed';
export type Action = 'none' | 'restart' | 'rebuild';

/** Two restarts are at least this far apart: the first must have had its chance. */
export const RESTART_GAP_MS = 2_000;
/** A restart that has not connected by then has failed. */
export const RESTART_PATIENCE_MS = 6_000;
/** After so many failed restarts the connection is made anew (lib-jitsi-meet#2629). */
export const MAX_RESTARTS = 3;

export class RestartPolicy {
  private state: PathState = 'new';
  private socketAlive = true;
  private wanted: Action = 'none';
  private busy = false;
  private failures = 0;
  private lastAt = -Infinity;
  private deadline: number | null = null;

  /** The connection's state changed. */
  onState(state: PathState): void {
    this.state = state;
    if (state === 'connected') {
      this.failures = 0;
      this.deadline = null;
      // A restart is no longer needed. What must be made anew must be: the server knows nothing of this connection.
      if (this.wanted === 'restart') this.wanted = 'none';
    } else if (state === 'disconnected' || state === 'failed') {
      this.want('restart');
    }
  }

  /** The lesson's socket came or went. */
  onSocket(alive: boolean): void {
    this.socketAlive = alive;
  }

  /** The device is online again, or on another network. */
  onNetworkChange(): void {
    if (this.state !== 'new') this.want('restart');
  }

  /** The server has not heard this connection. */
  onServerAsk(): void {
    this.want('restart');
  }

  /** The server lost the media path: nothing of the old connection is left there. */
  onReset(): void {
    this.want('rebuild');
  }

  /** The exchange that an action began is over. */
  onExchanged(ok: boolean, now: number): void {
    this.busy = false;
    if (ok) this.deadline = this.state === 'connected' ? null : now + RESTART_PATIENCE_MS;
    else this.fail();
  }

  /** Return what to do at `now`; the caller does it and then calls `onExchanged`. */
  take(now: number): Action {
    if (this.deadline !== null && now >= this.deadline) {
      this.deadline = null;
      if (this.state !== 'connected') this.fail();
    }
    if (this.wanted === 'none' || this.busy || !this.socketAlive) return 'none';
    if (now - this.lastAt < RESTART_GAP_MS) return 'none';
    const action = this.failures >= MAX_RESTARTS ? 'rebuild' : this.wanted;
    if (action === 'rebuild') this.failures = 0;
    this.wanted = 'none';
    this.busy = true;
    this.lastAt = now;
    return action;
  }

  /** Return when `take` may have an answer that it does not have now, or null. */
  nextTimeout(): number | null {
    if (this.wanted !== 'none' && !this.busy && this.socketAlive) return this.lastAt + RESTART_GAP_MS;
    return this.deadline;
  }

  private want(action: Action): void {
    if (this.wanted !== 'rebuild') this.wanted = action;
  }

  private fail(): void {
    this.failures += 1;
    this.want(this.failures >= MAX_RESTARTS ? 'rebuild' : 'restart');
  }
}
