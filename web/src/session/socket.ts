/** LessonSocket owns the WebSocket of one lesson and is its only writer. It keeps itself alive: heartbeats, back-off,
 *  resume. What it hears is handed on in order; requests are answered or fail by a time limit, never silently. */
import {
  MAX_MESSAGE_BYTES,
  PROTOCOL_VERSION,
  type ClientMessage,
  type Error as ErrorMessage,
  type Hello,
  type Ping,
  type PublishAnswer,
  type ReportPlayback,
  type ServerMessage,
  type SubscribeOffer,
} from '@/generated/messages';
import { backOffMs, lookup, step, type SocketEffect, type SocketEvent, type SocketState } from './machine';
import { FINAL, LessonError } from './errors';
import { FrameReader, canInflate } from './frames';
import { Patience } from './patience';
import { OpenRequests } from './requests';
import { browserTimers, type Timers } from './timers';

export { LessonError } from './errors';

export const PING_MS = 5_000; // messages.py: Ping
export const SILENCE_MS = 12_000; // two pings unanswered: the path is dead although TCP does not know it yet
/** While media does not arrive either, that much is enough: what a short silence costs is a connection that was dead. */
export const DOUBTED_SILENCE_MS = 5_000;
/** A socket that may be dead is asked, and given so long: four round trips, within these bounds. */
export const CHECK_MS = { least: 1_500, most: 5_000 } as const;
const DOUBT_EACH_MS = 2_000;
const SOON_MS = 100; // after an attempt that nothing answered: the attempt itself was the wait
const URGENT_MS = 1_000; // back-off at most, while media waits for the socket
export const GREETING_MS = 8_000;
export const REQUEST_MS = 10_000;
const MAX_OPEN_REQUESTS = 64;

/** A request without its number, which the socket gives. */
export type Request =
  Exclude<ClientMessage, Hello | Ping> extends infer M
    ? M extends { id: number }
      ? Omit<M, 'id'>
      : never
    : never;
export type Reply = Extract<ServerMessage, { type: 'ok' }> | PublishAnswer | SubscribeOffer;

/** The part of WebSocket that is used: tests bring their own. */
export type Transport = Pick<WebSocket, 'send' | 'close' | 'onopen' | 'onclose' | 'onmessage' | 'binaryType'>;

export interface SocketOptions {
  /** Open a transport; its callbacks are set before it can call them. */
  open: () => Transport;
  /** Return a valid room token. A LessonError is final; any other failure is tried again. */
  token: (fresh: boolean) => Promise<string>;
  onMessage: (message: ServerMessage) => void;
  /** Ink in flight, see signaling/board_frames.py. */
  onInk?: (frame: string) => void;
  /** Anything came from the server: the network passes packets. */
  onHeard: () => void;
  onState: (state: SocketState) => void;
  /** The session is over for good: `code` as in docs/errors.md. */
  onOver: (error: LessonError) => void;
  timers?: Timers;
  random?: () => number;
}

export class LessonSocket {
  private state_: SocketState = 'idle';
  private transport: Transport | null = null;
  private frames: FrameReader | null = null;
  private spoilt = false;
  private readonly requests: OpenRequests<Reply>;
  private readonly patience = new Patience();
  private readonly timers: Timers;
  private readonly random: () => number;
  private attempt = 0;
  private nextId = 1;
  private pings = 0;
  private pingAt: number | null = null;
  private rttMs = 0;
  private openedAt = 0;
  private heardAt = 0;
  private urgent = false;
  private stateTimers: number[] = [];
  private silenceTimer: number | null = null;
  private resume = '';
  private lastSeq = 0;
  private tokenRefused = 0;

  constructor(private readonly options: SocketOptions) {
    this.timers = options.timers ?? browserTimers;
    this.random = options.random ?? Math.random;
    this.requests = new OpenRequests(this.timers, REQUEST_MS, () => new LessonError('timeout', ''));
  }

  get state(): SocketState {
    return this.state_;
  }

  start(): void {
    this.feed('start');
  }

  /** Leave: the seat is given up at once. The socket cannot be started again. */
  stop(): void {
    if (this.state_ === 'live') this.write({ type: 'leave', id: this.nextId++ });
    this.feed('stop');
  }

  /** The network may have changed under the socket: prove it alive soon or make it anew, instead of waiting. */
  hurry(): void {
    if (lookup(this.state_, 'retry')) this.feed('retry');
    else if (this.state_ === 'live') {
      this.ping();
      this.expect(Math.min(CHECK_MS.most, Math.max(CHECK_MS.least, 4 * this.rttMs)));
    } else if (this.state_ === 'connecting' && this.timers.nowMs() - this.openedAt > SOON_MS) {
      this.feed('silent'); // asked over the old network: ask again over this one
    }
  }

  /** Media does not arrive: find out whether the socket lives, and give it up earlier than otherwise. */
  doubt(): void {
    if (this.state_ !== 'live') return;
    if (this.timers.nowMs() - (this.pingAt ?? -Infinity) > DOUBT_EACH_MS) this.ping();
    this.expect(Math.max(SOON_MS, this.heardAt + DOUBTED_SILENCE_MS - this.timers.nowMs()));
  }

  /** While media waits for the socket, the pauses between attempts stay short. */
  setUrgent(urgent: boolean): void {
    this.urgent = urgent;
  }

  /** Forget the seat's state after a gap in the events: the next hello asks for a snapshot. */
  resync(): void {
    this.resume = '';
    this.lastSeq = 0;
    if (lookup(this.state_, 'dropped')) this.feed('dropped');
  }

  /** The replica stands after event `seq`; a resume continues from there. */
  applied(seq: number): void {
    this.lastSeq = seq;
  }

  /** Send a request and return its reply.
   *
   * @throws LessonError `disconnected`, `timeout`, or what the server answered.
   */
  request(message: Request): Promise<Reply> {
    if (this.state_ !== 'live') return Promise.reject(new LessonError('disconnected', ''));
    if (this.requests.size >= MAX_OPEN_REQUESTS)
      return Promise.reject(new LessonError('too_many_requests', ''));
    const id = this.nextId++;
    const reply = this.requests.wait(id);
    this.write({ ...message, id } as ClientMessage);
    return reply;
  }

  /** Send what has no answer; returns whether there was a socket to send it on. */
  tell(message: ReportPlayback): boolean {
    if (this.state_ !== 'live') return false;
    this.write(message);
    return true;
  }

  /** Send ink in flight; returns whether there was a socket to send it on. */
  ink(frame: string): boolean {
    if (this.state_ !== 'live') return false;
    this.transport?.send(frame);
    return true;
  }

  private feed(event: SocketEvent): void {
    const next = step(this.state_, event);
    this.learn(event);
    const changed = next.state !== this.state_;
    this.state_ = next.state;
    for (const effect of next.effects) this.run(effect);
    if (changed) this.options.onState(this.state_);
  }

  /** Remember how the attempt ended: the next one depends on it. */
  private learn(event: SocketEvent): void {
    if (event === 'silent') this.patience.onSilent();
    else if (event === 'dropped') this.patience.onDropped();
    else if (event === 'opened') this.patience.onOpened(this.timers.nowMs() - this.openedAt);
  }

  private run(effect: SocketEffect): void {
    switch (effect) {
      case 'open':
        return this.open();
      case 'greet':
        return this.greet();
      case 'beat':
        return this.beat();
      case 'settle':
        this.attempt = 0;
        this.tokenRefused = 0;
        return;
      case 'back_off':
        return this.after(this.pauseMs(), 'retry');
      case 'fail_requests':
        return this.requests.rejectAll(() => new LessonError('disconnected', ''));
      case 'drop':
        return this.drop();
      case 'clear':
        return this.clear();
    }
  }

  private pauseMs(): number {
    if (!this.patience.wasAnswered) return SOON_MS;
    const pause = backOffMs(this.attempt++, this.random);
    return this.urgent ? Math.min(URGENT_MS, pause) : pause;
  }

  private after(ms: number, event: SocketEvent): void {
    this.stateTimers.push(this.timers.set(() => this.feed(event), ms));
  }

  private clear(): void {
    for (const timer of this.stateTimers) this.timers.clear(timer);
    this.stateTimers = [];
    if (this.silenceTimer !== null) this.timers.clear(this.silenceTimer);
    this.silenceTimer = null;
  }

  private open(): void {
    this.openedAt = this.timers.nowMs();
    this.after(this.patience.nextMs(), 'silent');
    const attempt = this.openedAt;
    this.options.token(this.tokenRefused > 0).then(
      (token) => {
        if (this.state_ === 'connecting' && this.openedAt === attempt) this.connect(token);
      },
      (error: unknown) => {
        if (this.state_ !== 'connecting' || this.openedAt !== attempt) return;
        if (error instanceof LessonError) this.over(error);
        else this.feed('dropped');
      },
    );
  }

  private token = '';

  private connect(token: string): void {
    this.token = token;
    const transport = this.options.open();
    this.transport = transport;
    const frames = new FrameReader(
      (text) => this.hear(text),
      () => this.onSpoilt(),
    );
    this.frames = frames;
    transport.binaryType = 'arraybuffer';
    transport.onopen = () => {
      if (this.transport === transport) this.feed('opened');
    };
    transport.onclose = () => {
      if (this.transport === transport) this.feed('dropped');
    };
    transport.onmessage = (event) => {
      if (this.transport !== transport) return;
      if (this.state_ === 'live') this.listen();
      frames.take(event.data);
    };
  }

  /** A frame could not be read: ask for everything anew, as plain text. */
  private onSpoilt(): void {
    this.spoilt = true;
    this.resync();
  }

  private greet(): void {
    this.after(GREETING_MS, 'silent');
    this.write({
      type: 'hello',
      version: PROTOCOL_VERSION,
      token: this.token,
      resume: this.resume,
      last_seq: this.lastSeq,
      inflates: canInflate() && !this.spoilt,
    });
  }

  private beat(): void {
    this.listen();
    const next = (): void => {
      this.ping();
      this.stateTimers = [this.timers.set(next, PING_MS)];
    };
    this.stateTimers.push(this.timers.set(next, PING_MS));
  }

  private ping(): void {
    this.pingAt = this.timers.nowMs();
    this.write({ type: 'ping', n: ++this.pings });
  }

  /** Something was heard: the silence begins anew. */
  private listen(): void {
    this.heardAt = this.timers.nowMs();
    this.expect(SILENCE_MS);
  }

  /** Take the path for dead when nothing is heard within `ms`. */
  private expect(ms: number): void {
    if (this.silenceTimer !== null) this.timers.clear(this.silenceTimer);
    this.silenceTimer = this.timers.set(() => this.feed('silent'), ms);
  }

  private hear(text: string): void {
    if (text.startsWith('~')) {
      this.options.onInk?.(text);
      return;
    }
    const message = JSON.parse(text) as ServerMessage;
    switch (message.type) {
      case 'welcome':
      case 'resumed':
        this.resume = message.resume;
        if (message.type === 'welcome') this.lastSeq = message.snapshot.seq;
        this.feed('accepted');
        break;
      case 'pong':
        this.measure(message.n);
        break;
      case 'ok':
      case 'publish_answer':
      case 'subscribe_offer':
        this.options.onHeard();
        this.requests.resolve(message.id, message);
        return;
      case 'error':
        this.refuse(message);
        return;
      case 'bye':
        this.leaveOrReturn(new LessonError(message.code, message.detail));
        return;
      default:
        break;
    }
    this.options.onMessage(message);
    this.options.onHeard();
  }

  private measure(ping: number): void {
    if (ping !== this.pings || this.pingAt === null) return;
    this.rttMs = this.timers.nowMs() - this.pingAt;
    this.patience.onRoundTrip(Math.max(1, this.rttMs));
  }

  private refuse(message: ErrorMessage): void {
    const error = new LessonError(message.code, message.detail);
    this.requests.reject(message.id, error);
    if (message.fatal) this.leaveOrReturn(error);
  }

  private leaveOrReturn(error: LessonError): void {
    if (FINAL.has(error.code)) return this.over(error);
    if (error.code.startsWith('token_') && ++this.tokenRefused > 2) return this.over(error);
    if (error.code === 'seat_lost') this.resume = '';
    if (lookup(this.state_, 'dropped')) this.feed('dropped');
  }

  private over(error: LessonError): void {
    if (!lookup(this.state_, 'refused')) return;
    this.feed('refused');
    this.options.onOver(error);
  }

  private drop(): void {
    const transport = this.transport;
    this.transport = null;
    this.frames?.close();
    this.frames = null;
    transport?.close();
  }

  private write(message: ClientMessage): void {
    const text = JSON.stringify(message);
    if (text.length > MAX_MESSAGE_BYTES)
      throw new Error(`message ${message.type} has ${text.length} characters`);
    this.transport?.send(text);
  }
}
