/** Plays a voice piece by piece. A plain element asks for so much before its first sound (Chromium: blocks of 32 kB, the
 *  index before them) that 100 kbit/s makes people wait for ten seconds; this needs one, and then the voice. It also fetches only
 *  as far ahead as is worth it. Where anything of it fails, the plain element takes over. */
import { bytesToSkip, findCluster, joined, readHead, type Head } from './webm';

const TYPE = 'audio/webm; codecs="opus"';
const HEAD_BYTES = 1_024;
const LONG_HEAD_BYTES = 16_384; // with a cover or many tags
const PIECE_BYTES = 49_152; // 16 s of a light voice
const LEAST_BYTES = 16; // to know what begins here
const LOOK_BYTES = 24_576; // to find a cluster in: they are some seconds long
const AHEAD_S = 90;
const KEEP_S = 60; // behind, when the browser's store is full
const END_S = 0.5; // of a file's end: how exact its duration is
const PAUSE_MS = 500;
const WAIT_MS = 30_000; // for a piece: at 25 kbit/s it takes half of that
const TRIES = 5;
const NEAR_MS = 12_000; // before the wanted time is near enough to begin at

export class VoiceStream {
  private readonly source = new MediaSource();
  private readonly url = URL.createObjectURL(this.source);
  private head: Head | null = null;
  private buffer: SourceBuffer | null = null;
  private run: AbortController | null = null;
  private isClosed = false;
  /** Where the stretch that is being fetched began. */
  private fromS = 0;

  static canPlay(url: string, mime: string): boolean {
    const isFetched = !/^(file|data|blob):/.test(new URL(url, document.baseURI).protocol);
    const isKnown = typeof MediaSource === 'function' && MediaSource.isTypeSupported(TYPE);
    return isFetched && isKnown && mime === 'audio/webm';
  }

  constructor(
    private readonly media: HTMLMediaElement,
    private readonly address: string,
    private readonly bytes: number,
    private readonly durationMs: number,
    private readonly onFailed: () => void,
  ) {
    media.src = this.url;
    media.addEventListener('seeking', this.onSeeking);
  }

  begin(atMs: number): void {
    this.run?.abort();
    const run = (this.run = new AbortController());
    this.fromS = atMs / 1000;
    this.play(atMs, run.signal).catch(() => {
      if (!run.signal.aborted && !this.isClosed) this.onFailed();
    });
  }

  close(): void {
    this.isClosed = true;
    this.run?.abort();
    this.media.removeEventListener('seeking', this.onSeeking);
    URL.revokeObjectURL(this.url);
  }

  /** Go on where the new place has nothing, or where what it has will end. */
  private readonly onSeeking = (): void => {
    if (!this.buffer) return;
    const { buffered, currentTime } = this.media;
    for (let n = 0; n < buffered.length; n++) {
      const [start, end] = [buffered.start(n), buffered.end(n)];
      if (currentTime < start || currentTime >= end) continue;
      const isFilling = start <= this.fromS && this.fromS <= end;
      if (!isFilling && end < this.durationMs / 1000 - END_S) this.begin(end * 1000);
      return;
    }
    this.begin(currentTime * 1000);
  };

  private async play(atMs: number, signal: AbortSignal): Promise<void> {
    const [head] = await Promise.all([this.readHead(signal), this.open()]);
    const from = atMs < NEAR_MS ? head.firstCluster : await this.locate(atMs, head, signal);
    const { buffer } = this;
    if (!buffer || signal.aborted) return;
    if (buffer.updating) await updated(buffer);
    if (this.source.readyState === 'open') buffer.abort();
    await this.append(head.init, signal);
    for (let at = from; at < this.bytes && !signal.aborted;) {
      while (this.aheadS() > AHEAD_S && !signal.aborted) await pause(PAUSE_MS);
      at = await this.stream(at, signal);
    }
    if (!signal.aborted && this.source.readyState === 'open') this.source.endOfStream();
  }

  private async open(): Promise<void> {
    if (this.buffer) return;
    if (this.source.readyState !== 'open')
      await new Promise((done) => this.source.addEventListener('sourceopen', done, { once: true }));
    this.buffer ??= this.source.addSourceBuffer(TYPE);
    this.source.duration = this.durationMs / 1000;
  }

  /** Find out where the voice begins: behind the head there may lie an index, and room for one. */
  private async readHead(signal: AbortSignal): Promise<Head> {
    if (this.head) return this.head;
    let head = readHead(await this.fetchAll(0, HEAD_BYTES, signal));
    head ??= readHead(await this.fetchAll(0, LONG_HEAD_BYTES, signal));
    if (!head) throw new Error('no head');
    for (let n = 0; n < TRIES; n++) {
      const at: number = head.firstCluster;
      const over = bytesToSkip(await this.fetchAll(at, at + LEAST_BYTES, signal));
      if (over === 0) return (this.head = head);
      head = { ...head, firstCluster: at + over };
    }
    throw new Error('no voice');
  }

  private async fetchAll(from: number, to: number, signal: AbortSignal): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    await this.fetchPart(from, Math.min(this.bytes, to), signal, (part) => {
      parts.push(part);
      return Promise.resolve(false);
    });
    return joined(parts);
  }

  /** Return where a cluster begins that is shortly before `ms`: guessed by the mean rate, then set right. */
  private async locate(ms: number, head: Head, signal: AbortSignal): Promise<number> {
    const perMs = (this.bytes - head.firstCluster) / Math.max(1, this.durationMs);
    const goal = ms - NEAR_MS / 3;
    let guess = head.firstCluster + goal * perMs;
    let best = head.firstCluster;
    for (let n = 0; n < TRIES; n++) {
      const from = Math.max(head.firstCluster, Math.min(this.bytes - LOOK_BYTES, Math.floor(guess)));
      const parts: Uint8Array[] = [];
      let found: ReturnType<typeof findCluster> = null;
      await this.fetchPart(from, Math.min(this.bytes, from + LOOK_BYTES), signal, (part) => {
        parts.push(part);
        found ??= findCluster(joined(parts));
        return Promise.resolve(found !== null);
      });
      const cluster = found as ReturnType<typeof findCluster>;
      if (!cluster) break;
      if (cluster.ms <= ms) best = from + cluster.at;
      if (cluster.ms <= ms && ms - cluster.ms < NEAR_MS) break;
      guess = from + cluster.at + (goal - cluster.ms) * perMs;
      if (cluster.ms > ms) guess -= LOOK_BYTES; // the one before may begin a whole cluster earlier
    }
    return best;
  }

  /** Append a stretch of the file as it comes. Returns where to go on. */
  private async stream(from: number, signal: AbortSignal): Promise<number> {
    let at = from;
    await this.fetchPart(from, Math.min(this.bytes, from + PIECE_BYTES), signal, async (part) => {
      at += part.length;
      await this.append(part, signal);
      return false;
    });
    if (at === from) throw new Error('nothing to play came');
    return at;
  }

  private async append(part: Uint8Array, signal: AbortSignal): Promise<void> {
    const { buffer } = this;
    if (!buffer || signal.aborted) return;
    if (buffer.updating) await updated(buffer);
    try {
      buffer.appendBuffer(part as Uint8Array<ArrayBuffer>);
    } catch (error) {
      if (!(error instanceof DOMException && error.name === 'QuotaExceededError')) throw error;
      buffer.remove(0, Math.max(0.1, this.media.currentTime - KEEP_S));
      await updated(buffer);
      buffer.appendBuffer(part as Uint8Array<ArrayBuffer>);
    }
    await updated(buffer);
  }

  /** Fetch a stretch and hand it over as it comes, until `take` says true. */
  private async fetchPart(
    from: number,
    to: number,
    signal: AbortSignal,
    take: (part: Uint8Array) => Promise<boolean>,
  ): Promise<void> {
    const stop = new AbortController();
    const end = (): void => stop.abort();
    signal.addEventListener('abort', end);
    const timer = window.setTimeout(end, WAIT_MS);
    try {
      const headers = { Range: `bytes=${from}-${to - 1}` };
      const answer = await fetch(this.address, { headers, credentials: 'same-origin', signal: stop.signal });
      if (answer.status !== 206 || !answer.body) throw new Error(`${answer.status}`);
      const reader = answer.body.getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        if (await take(value)) return void (await reader.cancel());
      }
    } finally {
      window.clearTimeout(timer);
      signal.removeEventListener('abort', end);
    }
  }

  private aheadS(): number {
    const { buffered, currentTime } = this.media;
    for (let n = 0; n < buffered.length; n++)
      if (buffered.start(n) <= currentTime + 0.1 && currentTime <= buffered.end(n))
        return buffered.end(n) - currentTime;
    return 0;
  }
}

const pause = (ms: number): Promise<void> => new Promise((done) => window.setTimeout(done, ms));

const updated = (buffer: SourceBuffer): Promise<void> =>
  buffer.updating
    ? new Promise((done) => buffer.addEventListener('updateend', () => done(), { once: true }))
    : Promise.resolve();
