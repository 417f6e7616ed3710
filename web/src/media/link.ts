/** What the sending and the receiving connection have in common: a LinkKeeper that keeps them alive. */
import { LinkKeeper, type LinkState, type LinkWork } from './keeper';

export abstract class MediaLink {
  protected readonly keeper: LinkKeeper;

  protected constructor(work: LinkWork) {
    this.keeper = new LinkKeeper(work);
  }

  get state(): LinkState {
    return this.keeper.state;
  }

  get connection(): RTCPeerConnection | null {
    return this.keeper.connection;
  }

  /** Connect, or connect anew after the server lost its side. */
  reset(): void {
    this.keeper.reset();
  }

  /** The server has not heard this connection. */
  askRestart(): void {
    this.keeper.askRestart();
  }

  /** The device is online again, or on another network. */
  networkChanged(): void {
    this.keeper.networkChanged();
  }

  /** The lesson's socket came or went. */
  socketChanged(alive: boolean): void {
    this.keeper.socketChanged(alive);
  }

  close(): void {
    this.keeper.close();
  }
}
