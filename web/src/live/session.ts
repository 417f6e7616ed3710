/** One lesson as one participant lives it: the socket, the room's replica, both media connections and the sound, bound
 *  together. Knows no Vue; the store listens. */
import { AudioOutput } from '@/media/audio';
import type { LinkState } from '@/media/keeper';
import { PublishConnection } from '@/media/publish';
import { setPlayoutTargets } from '@/media/playout';
import { SubscribeConnection } from '@/media/subscribe';
import type { UplinkLevel } from '@/media/uplink';
import { addPart } from '@/ink/board';
import type { InkEars } from '@/ink/inkRoom';
import { ReplicaGap, applyEvent } from '@/session/replica';
import { LessonError, LessonSocket, type Reply, type Request } from '@/session/socket';
import type { SocketState } from '@/session/machine';
import type {
  CatchUpAct,
  Event,
  Link,
  Links,
  PeerId,
  Role,
  ServerMessage,
  SlotFill,
  Snapshot,
  Source,
  SourceLine,
  SubscribeOffer,
  WallTold,
} from '@/generated/messages';
import { IceServers } from './iceServers';
import { withLinks } from './links';
import { LinkWatch } from './linkWatch';
import { watchNetwork } from './network';
import { PlaybackReport } from './playbackReport';
import { RoomTokens } from './roomTokens';

export interface Entry {
  lessonId: string;
  role: Role;
  /** The classroom that is entered as; null for everyone else and for paired screens. */
  classroomId: string | null;
  /** What this page may send; empty for those who only watch. */
  sources: readonly Source[];
  /** How many small pictures this page has room for, 0..11. */
  tiles: number;
  /** False: sound only. */
  video: boolean;
}

export interface SessionListener {
  onSocket: (state: SocketState) => void;
  onWelcome: (you: PeerId, capabilities: readonly string[]) => void;
  onRoom: (room: Snapshot) => void;
  onEvent: (event: Event) => void;
  ink: InkEars;
  onSlots: (fills: readonly SlotFill[]) => void;
  onLinks: (links: ReadonlyMap<PeerId, Link>) => void;
  /** The wall of the own classroom, or a phone beside it, said something of catching up. */
  onCatchUp: (act: CatchUpAct, missedS: number) => void;
  /** The wall said how it is, or a phone how it should be. */
  onWall: (told: WallTold) => void;
  onStreams: (streams: ReadonlyMap<string, MediaStream>) => void;
  onMedia: (state: MediaState) => void;
  onSoundBlocked: (blocked: boolean) => void;
  onOver: (error: LessonError) => void;
}

/** How the media paths are. */
export interface MediaState {
  publish: LinkState;
  subscribe: LinkState;
  /** Nothing arrives; since when (performance.now). */
  cut: boolean;
  cutSince: number | null;
  /** How much of the own picture the way out bears. */
  uplink: UplinkLevel;
}

export const NO_MEDIA: MediaState = {
  publish: 'idle',
  subscribe: 'idle',
  cut: false,
  cutSince: null,
  uplink: 'full',
};

const LINE_SLOT = 'audio2'; // signaling/slots.py

export class LessonSession {
  private room: Snapshot | null = null;
  private publish: PublishConnection | null = null;
  private subscribe: SubscribeConnection | null = null;
  private readonly socket: LessonSocket;
  private readonly audio: AudioOutput;
  private media = NO_MEDIA;
  private fills: readonly SlotFill[] = [];
  private links: ReadonlyMap<PeerId, Link> = new Map();
  private voiceMid: string | null = null;
  private watch: LinkWatch | null = null;
  private stopNetwork: () => void = () => undefined;
  private readonly playback: PlaybackReport;
  private readonly tokens: RoomTokens;
  private readonly iceServers = new IceServers(() => this.tokens.get(true, true));
  private clockOffsetMs = 0;
  private me: PeerId = '';
  private readonly waiting = new Map<Source, MediaStreamTrack>();

  constructor(
    private readonly entry: Entry,
    private readonly listener: SessionListener,
  ) {
    this.tokens = new RoomTokens(entry, (servers) => this.iceServers.set(servers));
    this.audio = new AudioOutput((blocked) => listener.onSoundBlocked(blocked));
    this.socket = new LessonSocket({
      open: () => {
        const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
        return new WebSocket(`${scheme}://${location.host}/ws`);
      },
      token: (fresh) => this.tokens.get(fresh, this.room !== null),
      onMessage: (message) => this.hear(message),
      onInk: (frame) => listener.ink.onFrame(frame),
      onHeard: () => {
        this.publish?.socketHeard();
        this.subscribe?.socketHeard();
      },
      onState: (state) => this.onSocketState(state),
      onOver: (error) => {
        this.closeMedia();
        listener.onOver(error);
      },
    });
    this.playback = new PlaybackReport((report) => this.socket.tell(report));
  }

  enter(): void {
    this.stopNetwork = watchNetwork(() => this.onNetwork());
    window.addEventListener('pagehide', this.onHide);
    document.addEventListener('visibilitychange', this.onVisible);
    this.socket.start();
    this.watch = new LinkWatch({
      publish: () => this.publish,
      subscribe: () => this.subscribe,
      voiceMid: () => this.voiceMid,
      onReceived: (sample) => this.playback.onSample(sample),
      onCut: (cutSince) => this.setMedia({ cut: cutSince !== null, cutSince }),
      onLevel: (uplink) => {
        this.setMedia({ uplink });
        void this.publish?.setLevel(uplink);
      },
      onDoubt: () => this.socket.doubt(),
      onBack: () => this.socket.hurry(),
    });
  }

  leave(): void {
    this.stopNetwork();
    window.removeEventListener('pagehide', this.onHide);
    document.removeEventListener('visibilitychange', this.onVisible);
    this.playback.send();
    this.socket.stop();
    this.closeMedia();
  }

  /** A frame of the lecturer, so many lines high, was presented on this page. */
  onFrame(lines: number): void {
    this.playback.onFrame(lines);
  }

  /** Milliseconds since the room was opened, by the server's clock. */
  roomNow(): number {
    return performance.now() + this.clockOffsetMs;
  }

  /** @throws LessonError */
  request(message: Request): Promise<Reply> {
    return this.socket.request(message);
  }

  /** Send ink in flight; returns whether there is a socket. */
  readonly sendInk = (frame: string): boolean => this.socket.ink(frame);

  /** Send `track` as `source`, or stop sending it. Before the connection exists it is kept for it. */
  async setTrack(source: Source, track: MediaStreamTrack | null): Promise<void> {
    if (track) this.waiting.set(source, track);
    else this.waiting.delete(source);
    if (track && !this.publish && this.subscribe) this.startPublishing();
    await this.publish?.setTrack(source, track).catch((error: unknown) => {
      if (!(error instanceof LessonError)) throw error; // a lost message is sent again when the socket is back
    });
  }

  unlockSound(): Promise<void> {
    return this.audio.unlock();
  }

  private onNetwork(): void {
    this.publish?.networkChanged();
    this.subscribe?.networkChanged();
    this.socket.hurry();
  }

  private readonly onHide = (): void => this.playback.send();
  private readonly onVisible = (): void => this.playback.onDue(this.room, this.fills);

  setSilent(silent: boolean): void {
    this.audio.setSilent(silent);
  }

  /** How loud this page is, 0 to 1. */
  setVolume(volume: number): void {
    this.audio.setVolume(volume);
  }

  /** Whether the voice of the private line is heard, also on a phone that is silent for class. */
  setLineHeard(heard: boolean): void {
    this.audio.setLoud(heard ? LINE_SLOT : null);
  }

  private onSocketState(state: SocketState): void {
    if (state !== 'live') this.tellMedia(false); // that it lives is told by what greets us, see hear()
    this.listener.onSocket(state);
  }

  private hear(message: ServerMessage): void {
    switch (message.type) {
      case 'welcome':
        this.setClock(message.snapshot.t_ms);
        this.me = message.you;
        this.listener.onWelcome(message.you, message.capabilities);
        this.setRoom(message.snapshot);
        this.listener.ink.onNewSocket(message.snapshot.seq);
        this.connectMedia();
        return;
      case 'resumed':
        this.listener.ink.onNewSocket(message.seq);
        this.tellMedia(true);
        void this.repeatSources();
        return;
      case 'event':
        return this.onEvent(message);
      case 'slots':
        this.fills = message.slots;
        this.playback.onDue(this.room, this.fills);
        return this.listener.onSlots(message.slots);
      case 'events':
        for (const event of message.events) this.onEvent(event);
        return;
      case 'links':
        return this.onLinks(message);
      case 'wall_told':
        return this.listener.onWall(message);
      case 'board_part':
        if (this.room) this.setRoom({ ...this.room, board: addPart(this.room.board, message) });
        return;
      case 'ink_refused':
        return this.listener.ink.onRefused(message.n, message.detail);
      case 'catch_up_told':
        return this.listener.onCatchUp(message.act, message.missed_s);
      case 'encodings':
        void this.publish?.take(message.source, message.rids);
        return;
      case 'media_reset':
        this.publish?.forgetTaken();
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
    this.playback.onDue(room, this.fills);
    this.listener.onRoom(room);
  }

  private setClock(tMs: number): void {
    this.clockOffsetMs = tMs - performance.now();
  }

  private readonly common = {
    iceServers: () => this.iceServers.get(),
    isLost: (error: unknown) =>
      error instanceof LessonError && (error.code === 'disconnected' || error.code === 'timeout'),
    onDoubt: () => this.socket.doubt(),
  };

  private preparePublishing(): void {
    this.publish = new PublishConnection(this.entry.sources, {
      ...this.common,
      publish: (sdp, sources) => this.exchangeOffer(sdp, sources),
      setSource: async (source, active) => {
        await this.request({ type: 'set_source', source, active });
      },
      onState: (state) => this.setMedia({ publish: state }),
    });
    for (const [source, track] of this.waiting) void this.publish.setTrack(source, track);
  }

  private startPublishing(): void {
    this.preparePublishing();
    this.publish?.reset();
    this.publish?.socketChanged(true);
  }

  /** A welcome is a new seat: the server knows no connection of ours. */
  private connectMedia(): void {
    // A phone speaks on the private line only: its connection is made when it first does.
    const speaksSeldom = this.entry.sources.every((source) => source === 'line');
    if (!this.publish && !(speaksSeldom && this.waiting.size === 0)) this.preparePublishing();
    this.subscribe ??= new SubscribeConnection({
      ...this.common,
      subscribe: (restart) => this.askOffer(restart),
      answer: async (sdp) => {
        await this.request({ type: 'subscribe_answer', sdp });
      },
      onState: (state) => this.setMedia({ subscribe: state }),
      onStreams: (streams) => this.onStreams(streams),
    });
    // First that all is new, then that the socket lives: a restart that was waiting for it would go astray.
    this.subscribe.reset();
    this.publish?.forgetTaken();
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
    this.voiceMid = reply.slots.find((line) => line.slot === 'audio0')?.mid ?? null;
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

  private onLinks(told: Links): void {
    this.links = withLinks(this.links, told);
    const own = told.links.find((link) => link.peer === this.me);
    const pc = this.subscribe?.connection;
    if (own && pc) setPlayoutTargets(pc, own);
    this.listener.onLinks(this.links);
  }

  private setMedia(change: Partial<MediaState>): void {
    const keys = Object.keys(change) as (keyof MediaState)[];
    if (keys.every((key) => this.media[key] === change[key])) return;
    this.media = { ...this.media, ...change };
    const { publish, subscribe } = this.media;
    this.socket.setUrgent([publish, subscribe].some((state) => state === 'unstable' || state === 'down'));
    this.listener.onMedia(this.media);
  }

  private closeMedia(): void {
    this.watch?.close();
    this.publish?.close();
    this.subscribe?.close();
    this.audio.close();
  }
}
