/** The socket of a plan: opened, watched, and opened again with patience. It knows nothing of documents. */

/** The part of WebSocket that is used: tests bring their own. */
export type Transport = Pick<
  WebSocket,
  'send' | 'close' | 'onopen' | 'onclose' | 'onmessage' | 'binaryType' | 'readyState'
>;

export interface LineParts {
  open: (url: string) => Transport;
  /** In [0, 1). */
  random: () => number;
}

export interface LineWork {
  /** Where to connect to; null: not at all until `start`. Throws when it should be tried again later. */
  address: () => Promise<string | null>;
  onFrame: (data: ArrayBuffer) => void;
  /** The socket is down, or could not be opened; returns whether it is tried again. */
  onDown: (code: number, reason: string) => boolean;
}

const FIRST_WAIT_MS = 400;
const LONGEST_WAIT_MS = 15_000; // a class that comes back from a power cut must not wait for minutes
const OPEN_MS = 15_000;
/** The server answers our awareness, which is renewed every 15 s (y-protocols): silence of three of them is a dead link. */
const SILENCE_MS = 45_000;
/** Only a connection that has lasted is a good one: a server whose disk is full closes each within milliseconds. */
const CALM_MS = 5_000;
const OPEN = 1; // WebSocket.OPEN

export class Line {
  private socket: Transport | null = null;
  private tries = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private watch: ReturnType<typeof setTimeout> | undefined;
  private calm: ReturnType<typeof setTimeout> | undefined;
  /** Tells an attempt that was overtaken by another from the newest. */
  private attempt = 0;
  private isStopped = true;

  constructor(
    private readonly parts: LineParts,
    private readonly work: LineWork,
  ) {}

  /** Connect at once, whatever was waited for. */
  start(): void {
    if (this.isStopped && typeof window !== 'undefined') {
      window.addEventListener('online', this.onNetwork);
    }
    this.isStopped = false;
    this.tries = 0;
    this.drop();
    void this.connect();
  }

  stop(): void {
    this.isStopped = true;
    if (typeof window !== 'undefined') window.removeEventListener('online', this.onNetwork);
    this.drop();
  }

  send(frame: Uint8Array): void {
    if (this.socket?.readyState === OPEN) this.socket.send(frame as Uint8Array<ArrayBuffer>);
  }

  private readonly onNetwork = (): void => {
    if (this.socket?.readyState !== OPEN) this.start();
  };

  private drop(): void {
    this.attempt += 1;
    clearTimeout(this.timer);
    clearTimeout(this.watch);
    clearTimeout(this.calm);
    this.calm = undefined;
    const socket = this.socket;
    this.socket = null;
    if (!socket) return;
    socket.onopen = socket.onclose = socket.onmessage = null;
    socket.close();
  }

  private async connect(): Promise<void> {
    const attempt = ++this.attempt;
    let path: string | null;
    try {
      path = await this.work.address();
    } catch {
      if (attempt === this.attempt) this.down(0, '');
      return;
    }
    if (path === null || attempt !== this.attempt) return;
    const { protocol, host } = window.location;
    const socket = this.parts.open(`${protocol === 'https:' ? 'wss' : 'ws'}://${host}${path}`);
    this.socket = socket;
    socket.binaryType = 'arraybuffer';
    this.expect(OPEN_MS);
    socket.onclose = (event) => {
      if (socket === this.socket) this.down(event.code, event.reason);
    };
    socket.onmessage = (event: MessageEvent<ArrayBuffer>) => {
      this.calm ??= setTimeout(() => (this.tries = 0), CALM_MS);
      this.expect(SILENCE_MS);
      this.work.onFrame(event.data);
    };
  }

  private expect(withinMs: number): void {
    clearTimeout(this.watch);
    this.watch = setTimeout(() => this.down(0, ''), withinMs);
  }

  private down(code: number, reason: string): void {
    this.drop();
    if (this.isStopped || !this.work.onDown(code, reason)) return;
    const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.tries);
    this.tries += 1;
    // Spread: after a restart of the server thirty browsers must not come in the same instant.
    this.timer = setTimeout(() => void this.connect(), wait * (0.5 + this.parts.random() / 2));
  }
}
