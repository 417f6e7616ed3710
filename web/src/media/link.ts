/** What the sending and the receiving connection have in common: a LinkKeeper that keeps them alive. */
import { LinkKeeper, type LinkState, type LinkWork } from './keeper';

/** What both connections need of their owner. */
export interface LinkSignals {
  /** Return the servers to reach the media plane by, with credentials that are valid now. */
  iceServers: () => Promise<RTCIceServer[]>;
  /** Return whether an exchange failed because the socket went away under it. */
  isLost: (error: unknown) => boolean;
  /** The path is in trouble: ask the network for a sign of life. */
  onDoubt: () => void;
  onState: (state: LinkState) => void;
}

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

  /** Something was heard on the lesson's socket: the network passes packets. */
  socketHeard(): void {
    this.keeper.socketHeard();
  }

  /** Whether anything came by this path lately. */
  pathFlows(flows: boolean): void {
    this.keeper.pathFlows(flows);
  }

  close(): void {
    this.keeper.close();
  }
}
