/** The relays that a connection may use, with credentials that last longer than a lesson and are renewed before a
 *  connection is made with old ones. */

/** The server gives credentials for two hours (server/turn.py); older than this they are asked for again. */
const FRESH_MS = 90 * 60_000;

export class IceServers {
  private servers: RTCIceServer[] = [];
  private until = 0;

  /** `renew` calls `set` with new ones, or fails. */
  constructor(private readonly renew: () => Promise<unknown>) {}

  set(servers: RTCIceServer[]): void {
    this.servers = servers;
    this.until = performance.now() + FRESH_MS;
  }

  /** Return what is valid now; what was valid last when the server cannot be asked: most links need no relay. */
  async get(): Promise<RTCIceServer[]> {
    if (this.servers.length > 0 && performance.now() >= this.until) await this.renew().catch(() => undefined);
    return this.servers;
  }
}
