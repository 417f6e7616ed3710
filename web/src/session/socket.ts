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
  type ServerMessage,
  type SubscribeOffer,
} from '@/generated/messages';
import { backOffMs, lookup, step, type SocketEffect, type SocketEvent, type SocketState } from './machine';

export const PING_MS = 5_000; // messages.py: Ping
export const SILENCE_MS = 12_000; // two pings unanswered: the path is dead although TCP does not know it yet
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

/** Why a request or the whole session failed. `message` is for people. */
export class LessonError extends Error {
  override readonly name = 'LessonError';
  constructor(
    readonly code: string,
    detail: string,
  ) {
    super(detail);
  }
}

/** The part of WebSocket that is used: tests bring their own. */
export type Transport = Pick<WebSocket, 'send' | 'close' | 'onopen' | 'onclose' | 'onmessage'>;

export interface Timers {
  set(run: () => void, ms: number): number;
  clear(id: number): void;
}

export interface SocketOptions {
  /** Open a transport; its callbacks are set before it can call them. */
  open: () => Transport;
  /** Return a valid room token. A LessonError is final; any other failure is tried again. */
  token: (fresh: boolean) => Promise<string>;
  onMessage: (message: ServerMessage) => void;
  onState: (state: SocketState) => void;
  /** The session is over for good: `code` as in docs/errors.md. */
  onOver: (error: LessonError) => void;
  timers?: Timers;
  random?: () => number;
}

interface OpenRequest {
  resolve: (reply: Reply) => void;
  reject: (error: LessonError) => void;
  timer: number;
}

const browserTimers: Timers = {
  set: (run, ms) => window.setTimeout(run, ms),
  clear: (id) => window.clearTimeout(id),
};

/** The answers after which coming back would change nothing, or would push another window out in turn. Everything else
 *  is met with another attempt: a classroom's screen has nobody to press a button. */
const FINAL = new Set([
  'replaced',
  'left',
  'lesson_ended',
  'lesson_unknown',
  'not_allowed',
  'version_unsupported',
]);

export class LessonSocket {
  private state_: SocketState = 'idle';
  private transport: Transport | null = null;
  private readonly requests = new Map<number, OpenRequest>();
  private readonly timers: Timers;
  private readonly random: () => number;
  private attempt = 0;
  private nextId = 1;
  private pings = 0;
  private stateTimers: number[] = [];
  private silenceTimer: number | null = null;
  private resume = '';
  private lastSeq = 0;
  private tokenRefused = 0;

  constructor(private readonly options: SocketOptions) {
    this.timers = options.timers ?? browserTimers;
    this.random = options.random ?? Math.random;
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

  /** Try now instead of waiting for the back-off: the browser says that the network is back. */
  hurry(): void {
    if (lookup(this.state_, 'retry')) this.feed('retry');
    else if (this.state_ === 'live') this.ping();
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
    return new Promise((resolve, reject) => {
      const timer = this.timers.set(() => {
        this.requests.delete(id);
        reject(new LessonError('timeout', ''));
      }, REQUEST_MS);
      this.requests.set(id, { resolve, reject, timer });
      this.write({ ...message, id } as ClientMessage);
    });
  }

  private feed(event: SocketEvent): void {
    const next = step(this.state_, event);
    const changed = next.state !== this.state_;
    this.state_ = next.state;
    for (const effect of next.effects) this.run(effect);
    if (changed) this.options.onState(this.state_);
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
        return this.after(backOffMs(this.attempt++, this.random), 'retry');
      case 'fail_requests':
        return this.failRequests();
      case 'drop':
        return this.drop();
      case 'clear':
        return this.clear();
    }
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
    this.after(GREETING_MS, 'silent');
    const attempt = this.attempt;
    this.options.token(this.tokenRefused > 0).then(
      (token) => {
        if (this.state_ === 'connecting' && this.attempt === attempt) this.connect(token);
      },
      (error: unknown) => {
        if (this.state_ !== 'connecting' || this.attempt !== attempt) return;
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
    transport.onopen = () => {
      if (this.transport === transport) this.feed('opened');
    };
    transport.onclose = () => {
      if (this.transport === transport) this.feed('dropped');
    };
    transport.onmessage = (event) => {
      if (this.transport === transport) this.hear(event.data);
    };
  }

  private greet(): void {
    this.after(GREETING_MS, 'silent');
    this.write({
      type: 'hello',
      version: PROTOCOL_VERSION,
      token: this.token,
      resume: this.resume,
      last_seq: this.lastSeq,
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
    this.write({ type: 'ping', n: ++this.pings });
  }

  /** Something was heard: the silence begins anew. */
  private listen(): void {
    if (this.silenceTimer !== null) this.timers.clear(this.silenceTimer);
    this.silenceTimer = this.timers.set(() => this.feed('silent'), SILENCE_MS);
  }

  private hear(data: unknown): void {
    if (typeof data !== 'string') return;
    const message = JSON.parse(data) as ServerMessage;
    if (this.state_ === 'live') this.listen();
    switch (message.type) {
      case 'welcome':
      case 'resumed':
        this.resume = message.resume;
        if (message.type === 'welcome') this.lastSeq = message.snapshot.seq;
        this.feed('accepted');
        break;
      case 'ok':
      case 'publish_answer':
      case 'subscribe_offer':
        this.answer(message.id)?.resolve(message);
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
  }

  private refuse(message: ErrorMessage): void {
    const error = new LessonError(message.code, message.detail);
    this.answer(message.id)?.reject(error);
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

  private answer(id: number): OpenRequest | undefined {
    const open = this.requests.get(id);
    if (open) {
      this.requests.delete(id);
      this.timers.clear(open.timer);
    }
    return open;
  }

  private failRequests(): void {
    for (const id of [...this.requests.keys()]) this.answer(id)?.reject(new LessonError('disconnected', ''));
  }

  private drop(): void {
    const transport = this.transport;
    this.transport = null;
    transport?.close();
  }

  private write(message: ClientMessage): void {
    const text = JSON.stringify(message);
    if (text.length > MAX_MESSAGE_BYTES)
      throw new Error(`message ${message.type} has ${text.length} characters`);
    this.transport?.send(text);
  }
}
