/** When a media path is restarted or made anew. Pure: time comes in, an action comes out.
 *
 *  Chromium calls a path `disconnected` 7.6 s after the last packet and `failed` after 17.6 s; from `failed` it never
 *  comes back alone, from `disconnected` it does as soon as packets pass again (measured). So a link that went away and
 *  comes back needs nothing, and a restart is of use only when the network passes packets and this path does not: after
 *  a change of address, behind a firewall that forgot us, or when the browser has given the path up. The proof is the
 *  lesson's socket: something heard on it after the trouble began. A restart costs 28–61 ms and no DTLS, and a path
 *  that still works carries media meanwhile.
 */

export type PathState = 'new' | 'connecting' | 'connected' | 'disconnected' | 'failed' | 'closed';
export type Action = 'none' | 'restart' | 'rebuild';
/** How an exchange ended. `lost`: the socket went away under it, which says nothing about the path. */
export type Exchanged = 'done' | 'refused' | 'lost';

/** Two restarts are at least this far apart: the first must have had its chance. */
export const RESTART_GAP_MS = 2_000;
/** A restart that has not connected by then, while the network passed packets, has failed. */
export const RESTART_PATIENCE_MS = 6_000;
/** After so many failed restarts the connection is made anew (lib-jitsi-meet#2629). */
export const MAX_RESTARTS = 3;
/** Once the network is proven, a path that the browser has not given up may come back alone for so long: its checks are
 *  48 ms apart while it is in doubt (libwebrtc), so a few round trips are enough. */
export const GRACE_MS = 700;

export class RestartPolicy {
  private state: PathState = 'new';
  private socketAlive = true;
  private wanted: Action = 'none';
  private busy = false;
  private failures = 0;
  private lastAt = -Infinity;
  private deadline: number | null = null;
  /** Since when the path is in trouble, and when the network was first proven to pass packets after that. */
  private troubleAt: number | null = null;
  private provenAt: number | null = null;
  private graceMs = GRACE_MS;

  /** The connection's state changed. */
  onState(state: PathState, now: number): void {
    this.state = state;
    if (state === 'connected') this.heal();
    else if (state === 'disconnected' || state === 'failed') this.trouble(now);
  }

  /** Nothing came by this path for longer than it should; the browser has not noticed yet. */
  onSilent(now: number): void {
    if (this.state === 'connected') this.trouble(now);
  }

  /** Something came by this path after a silence. */
  onPathHeard(): void {
    if (this.state === 'connected') this.heal();
  }

  /** The lesson's socket came or went. */
  onSocket(alive: boolean, now: number): void {
    this.socketAlive = alive;
    if (alive) this.onSocketHeard(now);
  }

  /** Something was heard on the socket: the network passes packets. */
  onSocketHeard(now: number): void {
    if (this.troubleAt !== null) this.provenAt ??= now;
  }

  /** The device is online again, or on another network: what is heard from now on proves the new one. */
  onNetworkChange(now: number): void {
    if (this.state === 'new') return;
    this.trouble(now);
    this.troubleAt = now;
    this.provenAt = null;
    this.graceMs = 0; // the old address does not come back
  }

  /** The server has not heard this connection; its asking proves the network. */
  onServerAsk(now: number): void {
    this.trouble(now);
    this.provenAt ??= now;
  }

  /** The server lost the media path: nothing of the old connection is left there. */
  onReset(): void {
    this.wanted = 'rebuild';
  }

  /** The exchange that an action began is over. */
  onExchanged(how: Exchanged, now: number): void {
    this.busy = false;
    if (how === 'done') {
      this.deadline = this.state === 'connected' ? null : now + RESTART_PATIENCE_MS;
      if (this.wanted === 'none') this.troubleAt = this.state === 'connected' ? null : now;
      this.provenAt = null;
    } else if (how === 'refused') this.fail(now);
    else {
      this.trouble(now);
      this.provenAt = null;
    }
  }

  /** Return what to do at `now`; the caller does it and then calls `onExchanged`. */
  take(now: number): Action {
    if (this.deadline !== null && now >= this.deadline) this.miss(now);
    if (this.wanted === 'none' || this.busy || !this.socketAlive) return 'none';
    const due = this.due();
    if (due === null || now < due) return 'none';
    const action = this.failures >= MAX_RESTARTS ? 'rebuild' : this.wanted;
    if (action === 'rebuild') this.failures = 0;
    this.wanted = 'none';
    this.busy = true;
    this.lastAt = now;
    return action;
  }

  /** Return when `take` may have an answer that it does not have now, or null. */
  nextTimeout(): number | null {
    const due = this.wanted !== 'none' && !this.busy && this.socketAlive ? this.due() : null;
    return due ?? this.deadline;
  }

  /** Return when the wanted action may be done, or null while the network is not proven. */
  private due(): number | null {
    const gap = this.lastAt + RESTART_GAP_MS;
    if (this.wanted === 'rebuild') return gap;
    if (this.provenAt === null) return null;
    const mayHeal = this.state === 'connected' || this.state === 'disconnected';
    return Math.max(gap, this.provenAt + (mayHeal ? this.graceMs : 0));
  }

  private trouble(now: number): void {
    this.troubleAt ??= now;
    if (this.wanted !== 'rebuild') this.wanted = 'restart';
  }

  private heal(): void {
    this.failures = 0;
    this.deadline = null;
    this.troubleAt = null;
    this.provenAt = null;
    this.graceMs = GRACE_MS;
    // A restart is no longer needed. What must be made anew must be: the server knows nothing of this connection.
    if (this.wanted === 'restart') this.wanted = 'none';
  }

  /** The patience with an exchange is over: its fault only when the network passed packets meanwhile. */
  private miss(now: number): void {
    this.deadline = null;
    if (this.state === 'connected') return;
    if (this.provenAt === null) this.deadline = now + RESTART_PATIENCE_MS;
    else this.fail(now);
  }

  private fail(now: number): void {
    this.failures += 1;
    this.trouble(now);
    this.provenAt ??= now; // a refusal is an answer
    if (this.failures >= MAX_RESTARTS) this.wanted = 'rebuild';
  }
}
