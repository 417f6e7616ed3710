/** How long an attempt to connect is given before the next one begins. Pure.
 *
 *  While a link is away nothing answers, and TCP asks again only after 1, 3, 7, 15 s. A new attempt asks at once, so
 *  attempts are short: within a second after the link returns one of them gets through. A link that is merely slow needs
 *  more, so it gets twice what the last success took, and every sixth attempt waits longer in any case.
 */

export const SHORT_MS = 500;
export const LONGER_MS = 4_000; // TCP and TLS at a round trip of 1 s
export const LONG_MS = 8_000; // the same with a packet lost
const FACTOR = 2;
const ROUND_TRIPS = 4; // TCP, TLS 1.3 with its ticket, the upgrade, and one to spare
const LONGER_EACH = 6;

export class Patience {
  private typicalMs = 0;
  private rttMs = Infinity;
  private unanswered = 0;
  private answered = true;

  /** Return how long the next attempt may take. A first connection is never cut short: nothing is known yet. */
  nextMs(): number {
    if (this.typicalMs === 0) return LONG_MS;
    const least = this.unanswered % LONGER_EACH === LONGER_EACH - 1 ? LONGER_MS : SHORT_MS;
    return Math.min(LONG_MS, Math.max(least, FACTOR * Math.min(this.typicalMs, ROUND_TRIPS * this.rttMs)));
  }

  /** Whether the last attempt was answered, be it by a refusal. One that was not may be followed at once. */
  get wasAnswered(): boolean {
    return this.answered;
  }

  /** A round trip on the open connection took so long: an attempt while the page was loading took more than it need. */
  onRoundTrip(ms: number): void {
    this.rttMs = ms;
  }

  /** An attempt got no answer in its time. */
  onSilent(): void {
    this.unanswered += 1;
    this.answered = false;
  }

  /** An attempt was refused, or a connection dropped. */
  onDropped(): void {
    this.answered = true;
  }

  /** An attempt succeeded after so long. */
  onOpened(tookMs: number): void {
    this.typicalMs = Math.max(1, tookMs);
    this.unanswered = 0;
    this.answered = true;
  }
}
