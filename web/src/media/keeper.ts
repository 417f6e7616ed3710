/** LinkKeeper keeps one peer connection alive by the rules of policy.ts. What is exchanged with the server is its
 *  owner's; when and in which order is decided here. One exchange runs at a time. */
import { RestartPolicy, type Exchanged, type PathState } from './policy';

/** What people are told about a path. */
export type LinkState = 'idle' | 'connecting' | 'up' | 'unstable' | 'down';

export interface LinkWork {
  /** Make a new connection, negotiate it, and return it. The old one is closed already. */
  build: () => Promise<RTCPeerConnection>;
  /** Renew the ICE credentials of `pc`. */
  restart: (pc: RTCPeerConnection) => Promise<void>;
  /** Return whether an exchange failed because the socket went away under it, not by a refusal. */
  isLost: (error: unknown) => boolean;
  /** The path is in trouble: ask the network for a sign of life. */
  onDoubt: () => void;
  onState: (state: LinkState) => void;
}

export class LinkKeeper {
  private readonly policy = new RestartPolicy();
  private pc: RTCPeerConnection | null = null;
  private timer: number | null = null;
  private closed = false;
  private state_: LinkState = 'idle';

  constructor(private readonly work: LinkWork) {}

  get connection(): RTCPeerConnection | null {
    return this.pc;
  }

  get state(): LinkState {
    return this.state_;
  }

  /** Make the connection, anew if there is one. */
  reset(): void {
    this.policy.onReset();
    this.turn();
  }

  askRestart(): void {
    this.policy.onServerAsk(performance.now());
    this.turn();
  }

  networkChanged(): void {
    this.policy.onNetworkChange(performance.now());
    this.turn();
  }

  socketChanged(alive: boolean): void {
    this.policy.onSocket(alive, performance.now());
    this.turn();
  }

  /** Something was heard on the lesson's socket. */
  socketHeard(): void {
    this.policy.onSocketHeard(performance.now());
    this.turn();
  }

  /** Whether anything came by this path lately, as its statistics say. */
  pathFlows(flows: boolean): void {
    if (flows) this.policy.onPathHeard();
    else this.policy.onSilent(performance.now());
    this.turn();
  }

  close(): void {
    this.closed = true;
    if (this.timer !== null) window.clearTimeout(this.timer);
    this.forget();
    this.show('idle');
  }

  /** Watch `pc`: called by the owner as soon as it exists, before it is negotiated. */
  adopt(pc: RTCPeerConnection): void {
    this.pc = pc;
    pc.onconnectionstatechange = () => {
      if (this.pc !== pc) return;
      this.note(pc.connectionState);
    };
  }

  private note(state: PathState): void {
    this.policy.onState(state, performance.now());
    if (state === 'connected') this.show('up');
    else if (state === 'disconnected') this.show('unstable');
    else if (state === 'failed') this.show('down');
    if (state === 'disconnected' || state === 'failed') this.work.onDoubt();
    this.turn();
  }

  private turn(): void {
    if (this.closed) return;
    const action = this.policy.take(performance.now());
    if (action !== 'none') void this.act(action);
    this.arm();
  }

  private async act(action: 'restart' | 'rebuild'): Promise<void> {
    let how: Exchanged = 'done';
    const restarting = action === 'restart' && this.pc !== null;
    try {
      if (restarting && this.pc) {
        await this.work.restart(this.pc);
      } else {
        this.forget();
        this.policy.onState('new', performance.now());
        this.show('connecting');
        const pc = await this.work.build();
        if (this.closed) pc.close();
      }
    } catch (error) {
      // A refused or lost exchange is tried again by the policy; the label says that the path is down.
      how = this.work.isLost(error) ? 'lost' : 'refused';
      if (!this.closed && this.state_ !== 'up') this.show('down');
    }
    if (this.closed) return;
    if (how !== 'done' && !restarting) this.policy.onReset(); // half a connection cannot be restarted
    this.policy.onExchanged(how, performance.now());
    this.turn();
  }

  private arm(): void {
    if (this.timer !== null) window.clearTimeout(this.timer);
    this.timer = null;
    const at = this.policy.nextTimeout();
    if (at === null) return;
    this.timer = window.setTimeout(() => this.turn(), Math.max(50, at - performance.now()));
  }

  private forget(): void {
    const pc = this.pc;
    this.pc = null;
    if (!pc) return;
    pc.onconnectionstatechange = null;
    pc.ontrack = null;
    pc.close();
  }

  private show(state: LinkState): void {
    if (state === this.state_) return;
    this.state_ = state;
    this.work.onState(state);
  }
}
