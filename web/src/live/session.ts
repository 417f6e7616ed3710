/** One lesson as one participant lives it: the socket, the room's replica, both media connections and the sound, bound
 *  together. Knows no Vue; the store listens. */
import { ApiError, api } from '@/api/client';
import { AudioOutput } from '@/media/audio';
import type { LinkState } from '@/media/keeper';
import { PublishConnection } from '@/media/publish';
import { FlowWatch, receivedBytes } from '@/media/stats';
import { SubscribeConnection } from '@/media/subscribe';
import { ReplicaGap, applyEvent } from '@/session/replica';
import { LessonError, LessonSocket, type Reply, type Request } from '@/session/socket';
import type { SocketState } from '@/session/machine';
import type {
  Event,
  Link,
  PeerId,
  Role,
  ServerMessage,
  SlotFill,
  Snapshot,
  Source,
  SourceLine,
  SubscribeOffer,
} from '@/generated/messages';

export interface Entry {
  lessonId: string;
  role: Role;
  /** The classroom that is entered as; null for everyone else and for paired screens. */
  classroomId: string | null;
  /** What this page may send; empty for those who only watch. */
  sources: readonly Source[];
  /** How many small pictures this page has room for, 0..6. */
  tiles: number;
  /** False: sound only. */
  video: boolean;
}

export interface SessionListener {
  onSocket: (state: SocketState) => void;
  onWelcome: (you: PeerId, capabilities: readonly string[]) => void;
  onRoom: (room: Snapshot) => void;
  onEvent: (event: Event) => void;
  onSlots: (fills: readonly SlotFill[]) => void;
  onLinks: (links: readonly Link[]) => void;
  onStreams: (streams: ReadonlyMap<string, MediaStream>) => void;
  onMedia: (state: MediaState) => void;
  onSoundBlocked: (blocked: boolean) => void;
  onOver: (error: LessonError) => void;
}

/** How the media paths are; `cut`: nothing has arrived for 2 s although it should. */
export interface MediaState {
  publish: LinkState;
  subscribe: LinkState;
  cut: boolean;
}

const FLOW_EVERY_MS = 1_000;
const TOKEN_MARGIN_MS = 30_000;

export class LessonSession {
  private room: Snapshot | null = null;
  private publish: PublishConnection | null = null;
  private subscribe: SubscribeConnection | null = null;
  private readonly socket: LessonSocket;
  private readonly audio: AudioOutput;
  private readonly flow = new FlowWatch();
  private media: MediaState = { publish: 'idle', subscribe: 'idle', cut: false };
  private iceServers: RTCIceServer[] = [];
  private token: { text: string; until: number } | null = null;
  private flowTimer: number | null = null;
  private clockOffsetMs = 0;
  private readonly waiting = new Map<Source, MediaStreamTrack>();

  constructor(
    private readonly entry: Entry,
    private readonly listener: SessionListener,
  ) {
    this.audio = new AudioOutput((blocked) => listener.onSoundBlocked(blocked));
    this.socket = new LessonSocket({
      open: () => {
        const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
        return new WebSocket(`${scheme}://${location.host}/ws`);
      },
      token: (fresh) => this.roomToken(fresh),
      onMessage: (message) => this.hear(message),
      onState: (state) => this.onSocketState(state),
      onOver: (error) => {
        this.closeMedia();
        listener.onOver(error);
      },
    });
  }

  enter(): void {
    window.addEventListener('online', this.onNetwork);
    connectionInfo()?.addEventListener('change', this.onNetwork);
    this.socket.start();
    this.flowTimer = window.setInterval(() => void this.watchFlow(), FLOW_EVERY_MS);
  }

  leave(): void {
    window.removeEventListener('online', this.onNetwork);
    connectionInfo()?.removeEventListener('change', this.onNetwork);
    if (this.flowTimer !== null) window.clearInterval(this.flowTimer);
    this.socket.stop();
    this.closeMedia();
  }

  /** Milliseconds since the room was opened, by the server's clock. */
  roomNow(): number {
    return performance.now() + this.clockOffsetMs;
  }

  /** @throws LessonError */
  request(message: Request): Promise<Reply> {
    return this.socket.request(message);
  }

  /** Send `track` as `source`, or stop sending it. Before the connection exists it is kept for it. */
  async setTrack(source: Source, track: MediaStreamTrack | null): Promise<void> {
    if (track) this.waiting.set(source, track);
    else this.waiting.delete(source);
    await this.publish?.setTrack(source, track).catch((error: unknown) => {
      if (!(error instanceof LessonError)) throw error; // a lost message is sent again when the socket is back
    });
  }

  unlockSound(): Promise<void> {
    return this.audio.unlock();
  }

  private readonly onNetwork = (): void => {
    this.socket.hurry();
    this.publish?.networkChanged();
    this.subscribe?.networkChanged();
  };

  setSilent(silent: boolean): void {
    this.audio.setSilent(silent);
  }

  private async roomToken(fresh: boolean): Promise<string> {
    if (!fresh && this.token && performance.now() < this.token.until) return this.token.text;
    try {
      const { token, expires_s, ice_servers } = await api.roomToken(
        this.entry.lessonId,
        this.entry.role,
        this.entry.classroomId,
      );
      this.iceServers = ice_servers;
      this.token = { text: token, until: performance.now() + expires_s * 1_000 - TOKEN_MARGIN_MS };
      return token;
    } catch (error) {
      // Only a clear no of the server ends the lesson here: everything else may pass.
      const final =
        error instanceof ApiError && error.status >= 400 && error.status < 500 && error.status !== 429;
      throw final ? new LessonError(error.code, error.message) : error;
    }
  }

  private onSocketState(state: SocketState): void {
    if (state !== 'live') this.tellMedia(false); // that it lives is told by what greets us, see hear()
    this.listener.onSocket(state);
  }

  private hear(message: ServerMessage): void {
    switch (message.type) {
      case 'welcome':
        this.setClock(message.snapshot.t_ms);
        this.listener.onWelcome(message.you, message.capabilities);
        this.setRoom(message.snapshot);
        this.connectMedia();
        return;
      case 'resumed':
        this.tellMedia(true);
        void this.repeatSources();
        return;
      case 'event':
        return this.onEvent(message);
      case 'slots':
        return this.listener.onSlots(message.slots);
      case 'links':
        return this.listener.onLinks(message.links);
      case 'media_reset':
        this.publish?.reset();
        this.subscribe?.reset();
        return;
      case 'restart_ice':
        if (message.connection === 'publish') this.publish?.askRestart();
        else this.subscribe?.askRestart();
        return;
      case 'pong':
        return this.setClock(message.t_ms);
      case 'ok':
      case 'error':
      case 'publish_answer':
      case 'subscribe_offer':
      case 'bye':
        return; // the socket has dealt with them
    }
  }

  private onEvent(event: Event): void {
    if (!this.room) return;
    try {
      const before = this.room;
      this.setRoom(applyEvent(before, event));
      if (this.room !== before) this.listener.onEvent(event);
    } catch (error) {
      if (!(error instanceof ReplicaGap)) throw error;
      this.socket.resync();
    }
  }

  private setRoom(room: Snapshot): void {
    this.room = room;
    this.socket.applied(room.seq);
    this.listener.onRoom(room);
  }

  private setClock(tMs: number): void {
    this.clockOffsetMs = tMs - performance.now();
  }

  /** A welcome is a new seat: the server knows no connection of ours. */
  private connectMedia(): void {
    if (!this.publish && this.entry.sources.length > 0) {
      this.publish = new PublishConnection(this.entry.sources, this.iceServers, {
        publish: (sdp, sources) => this.exchangeOffer(sdp, sources),
        setSource: async (source, active) => {
          await this.request({ type: 'set_source', source, active });
        },
        onState: (state) => this.setMedia({ publish: state }),
      });
      for (const [source, track] of this.waiting) void this.publish.setTrack(source, track);
    }
    this.subscribe ??= new SubscribeConnection(this.iceServers, {
      subscribe: (restart) => this.askOffer(restart),
      answer: async (sdp) => {
        await this.request({ type: 'subscribe_answer', sdp });
      },
      onState: (state) => this.setMedia({ subscribe: state }),
      onStreams: (streams) => this.onStreams(streams),
    });
    // First that all is new, then that the socket lives: a restart that was waiting for it would go astray.
    this.subscribe.reset();
    this.publish?.reset();
    this.tellMedia(true);
  }

  private tellMedia(alive: boolean): void {
    this.publish?.socketChanged(alive);
    this.subscribe?.socketChanged(alive);
  }

  private async exchangeOffer(sdp: string, sources: readonly SourceLine[]): Promise<string> {
    const reply = await this.request({ type: 'publish', sdp, sources });
    if (reply.type !== 'publish_answer') throw new LessonError('message_malformed', '');
    return reply.sdp;
  }

  private async askOffer(restart: boolean): Promise<SubscribeOffer> {
    const { tiles, video } = this.entry;
    const reply = await this.request({ type: 'subscribe', restart, tiles, video });
    if (reply.type !== 'subscribe_offer') throw new LessonError('message_malformed', '');
    return reply;
  }

  private onStreams(streams: ReadonlyMap<string, MediaStream>): void {
    const sound = new Map([...streams].filter(([slot]) => slot.startsWith('audio')));
    this.audio.play(sound);
    this.listener.onStreams(streams);
  }

  /** What was started or stopped while the socket was away is said again. */
  private async repeatSources(): Promise<void> {
    if (!this.publish) return;
    for (const source of this.entry.sources) {
      await this.request({ type: 'set_source', source, active: this.waiting.has(source) }).catch(
        () => undefined,
      );
    }
  }

  private async watchFlow(): Promise<void> {
    const pc = this.subscribe?.connection;
    if (!pc || pc.connectionState !== 'connected') return this.setMedia({ cut: false });
    const cut = this.flow.isCut({ atMs: performance.now(), bytes: await receivedBytes(pc) });
    this.setMedia({ cut: cut && (this.room?.lead ?? null) !== null });
  }

  private setMedia(change: Partial<MediaState>): void {
    this.media = { ...this.media, ...change };
    this.listener.onMedia(this.media);
  }

  private closeMedia(): void {
    this.publish?.close();
    this.subscribe?.close();
    this.audio.close();
  }
}

/** The Network Information API, where the browser has it: it tells of a change from cable to wireless. */
function connectionInfo(): EventTarget | null {
  return (navigator as Navigator & { connection?: EventTarget }).connection ?? null;
}
