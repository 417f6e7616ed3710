/** The lesson as pages see it. The store holds what the session hears and offers every act of the lesson; pages only
 *  render it. Everything is replaced as a whole, never changed in place. */
import { defineStore } from 'pinia';
import { computed, markRaw, ref, shallowRef } from 'vue';
import { api, humanDetail } from '@/api/client';
import type { Lesson } from '@/api/types';
import { t } from '@/i18n';
import { LessonError, type Request } from '@/session/socket';
import type { SocketState } from '@/session/machine';
import { ACTING_CAPABILITIES, CHAIR_CAPABILITIES } from '@/generated/messages';
import type {
  CatchUpAct,
  Event,
  LineAct,
  Link,
  Participant,
  PeerId,
  SlotFill,
  Snapshot,
  Source,
  WallLayout,
  WallTold,
} from '@/generated/messages';
import { InkRoom } from '@/ink/inkRoom';
import { OwnMedia, type OwnSources } from './ownMedia';
import { SlotLimits } from './slotLimits';
import { LessonSession, NO_MEDIA, type Entry, type MediaState } from './session';

/** entering → live ⇄ away → over. `away`: the socket is being brought back by itself. */
export type Phase = 'outside' | 'entering' | 'live' | 'away' | 'over';

const NO_OWN: OwnSources = {
  camera: { wanted: false, muted: false, stream: null, problem: null },
  mic: { wanted: false, muted: false, stream: null, problem: null },
  screen: { wanted: false, muted: false, stream: null, problem: null },
  line: { wanted: false, muted: false, stream: null, problem: null },
};

export const useLesson = defineStore('lesson', () => {
  let session: LessonSession | null = null;
  let media: OwnMedia | null = null;
  const limits = new SlotLimits((slot, maxHeight) => {
    // What is lost with the socket is told again with the next connection.
    session?.request({ type: 'limit_slot', slot, max_height: maxHeight }).catch(() => undefined);
  });

  /** What is written: by this page, and by others just now. */
  const ink = new InkRoom();
  const phase = ref<Phase>('outside');
  const lesson = shallowRef<Lesson | null>(null);
  const over = shallowRef<LessonError | null>(null);
  const me = ref<PeerId>('');
  const capabilities = shallowRef<ReadonlySet<string>>(new Set());
  const room = shallowRef<Snapshot | null>(null);
  const fills = shallowRef<ReadonlyMap<string, SlotFill>>(new Map());
  const links = shallowRef<ReadonlyMap<PeerId, Link>>(new Map());
  const streams = shallowRef<ReadonlyMap<string, MediaStream>>(new Map());
  const own = shallowRef<OwnSources>(NO_OWN);
  const paths = shallowRef<MediaState>(NO_MEDIA);
  /** What was last said of catching up between the wall and the phones beside it. */
  /** On the wall: how it should be, by its phone. On the phone: how the wall is. */
  const wallTold = shallowRef<WallTold | null>(null);
  const catchUpTold = shallowRef<{ act: CatchUpAct; missedS: number } | null>(null);
  const soundBlocked = ref(false);
  /** Whether this page is not to be heard: beside a wall, or while what was missed is played in its place. */
  const silent = ref(false);
  /** Since when the socket is being brought back (performance.now). */
  const socketAwaySince = ref<number | null>(null);
  /** Why the last act was refused, in words; empty when it was not. */
  const notice = ref('');

  const seats = computed<readonly Participant[]>(() => room.value?.participants ?? []);
  const seatOf = (peer: PeerId | null | undefined): Participant | null =>
    seats.value.find((seat) => seat.peer === peer) ?? null;
  const mine = computed(() => seatOf(me.value));
  const lead = computed(() => seatOf(room.value?.lead));
  const calledOn = computed(() => seatOf(room.value?.called_on));
  const classrooms = computed(() => seats.value.filter((seat) => seat.role === 'classroom'));
  const isLead = computed(() => me.value !== '' && room.value?.lead === me.value);
  const isCalledOn = computed(() => me.value !== '' && room.value?.called_on === me.value);
  const state = computed(() => room.value?.lesson.state ?? lesson.value?.state ?? 'scheduled');

  /** Since when this page is cut off from the lesson (performance.now); null while it is not. While somebody acts for
   *  the lecturer, silence is the lecturer's and not ours. */
  const awaySince = computed(() =>
    phase.value === 'live' || phase.value === 'away'
      ? ((room.value?.acting ? null : paths.value.cutSince) ?? socketAwaySince.value)
      : null,
  );

  /** Whether this seat leads because no lecturer can: it has the lecturer's means meanwhile. */
  const isActing = computed(() => me.value !== '' && room.value?.acting === me.value);
  /** Whether this seat has the chair of a meeting. */
  const isChair = computed(() => isLead.value && room.value?.lesson.kind === 'meeting');
  const can = (capability: string): boolean =>
    capabilities.value.has(capability) ||
    (isActing.value && ACTING_CAPABILITIES.some((granted) => granted === capability)) ||
    (isChair.value && CHAIR_CAPABILITIES.some((granted) => granted === capability));
  const linkOf = (peer: PeerId): Link | null => links.value.get(peer) ?? null;
  const streamIn = (slot: string): MediaStream | null => streams.value.get(slot) ?? null;
  /** The slot that shows this participant's camera here, or null. Small pictures are preferred: `guest` may leave. */
  function slotOf(peer: PeerId): string | null {
    const found = [...fills.value.values()].filter((fill) => fill.peer === peer && fill.source === 'camera');
    return (found.find((fill) => fill.slot.startsWith('tile')) ?? found[0])?.slot ?? null;
  }
  /** Milliseconds since class began, or null before. Call it again each second: see `useLessonClock`. */
  function elapsedMs(): number | null {
    const begun = room.value?.lesson.started_t_ms;
    if (begun === null || begun === undefined || !session) return null;
    return Math.max(0, (room.value?.lesson.ended_t_ms ?? session.roomNow()) - begun);
  }

  /** Read what the lesson is, without entering it.
   *
   * @throws ApiError
   */
  async function load(lessonId: string): Promise<Lesson> {
    lesson.value = await api.lesson(lessonId);
    return lesson.value;
  }

  function enter(entry: Entry): void {
    leave();
    phase.value = 'entering';
    const current = new LessonSession(entry, {
      onSocket: (socket) => onSocket(socket),
      onWelcome: (you, granted) => {
        me.value = you;
        capabilities.value = new Set(granted);
      },
      onRoom: (next) => {
        room.value = next;
        ink.onRoom(next, me.value);
      },
      onEvent: (event) => {
        ink.onEvent(event);
        onEvent(event);
      },
      ink,
      onSlots: (next) => (fills.value = new Map(next.map((fill) => [fill.slot, fill]))),
      onWall: (told) => (wallTold.value = told),
      onCatchUp: (act, missedS) => (catchUpTold.value = { act, missedS }),
      onLinks: (next) => (links.value = next),
      onStreams: (next) => {
        streams.value = new Map(next);
        limits.repeat();
      },
      onMedia: (next) => (paths.value = next),
      onSoundBlocked: (blocked) => (soundBlocked.value = blocked),
      onOver: (error) => {
        over.value = error;
        phase.value = 'over';
        media?.close();
      },
    });
    session = current;
    ink.enter(entry, current, (words) => (notice.value = words));
    media = new OwnMedia(
      entry.role === 'lecturer' ? 720 : 540,
      (source, track) => void current.setTrack(source, track),
      (next) => (own.value = next),
    );
    current.enter();
  }

  function leave(): void {
    session?.leave();
    ink.leave();
    media?.close();
    limits.clear();
    session = null;
    media = null;
    phase.value = 'outside';
    over.value = null;
    me.value = '';
    room.value = null;
    fills.value = new Map();
    links.value = new Map();
    streams.value = new Map();
    own.value = NO_OWN;
    catchUpTold.value = null;
    wallTold.value = null;
    soundBlocked.value = false;
    silent.value = false;
    paths.value = NO_MEDIA;
    socketAwaySince.value = null;
    notice.value = '';
  }

  function onSocket(socket: SocketState): void {
    if (socket === 'live') {
      phase.value = 'live';
      socketAwaySince.value = null;
    } else if (socket === 'waiting' && phase.value === 'live') {
      phase.value = 'away';
      ink.onAway();
      socketAwaySince.value = performance.now();
    }
  }

  function onEvent({ body }: Event): void {
    if (body.kind === 'mute_changed' && body.peer === me.value) {
      media?.mute(body.source, body.muted);
    } else if (body.kind === 'source_published' && body.peer === me.value) {
      // A path that was made anew starts open on the server; whoever had muted stays muted.
      if (media?.now[body.source].muted)
        void act({ type: 'set_mute', peer: me.value, source: body.source, muted: true });
    }
  }

  /** Ask the server for something. A refusal is told in `notice`, not thrown. Returns whether it was done. */
  async function act(request: Request): Promise<boolean> {
    notice.value = '';
    try {
      if (!session) return false;
      await session.request(request);
      return true;
    } catch (error) {
      notice.value = error instanceof LessonError && error.message ? error.message : failureWords(error);
      return false;
    }
  }

  /** Ask the server for something. What retries by itself wants to know why it failed.
   *
   * @throws LessonError
   */
  async function ask(request: Request): Promise<void> {
    if (!session) throw new LessonError('disconnected', '');
    await session.request(request);
  }

  function failureWords(error: unknown): string {
    if (error instanceof LessonError && error.code === 'disconnected') return t('lesson.failed.disconnected');
    if (error instanceof LessonError && error.code === 'timeout') return t('common.error.timeout');
    return humanDetail(error);
  }

  function turnPage(page: number): Promise<boolean> {
    const last = room.value?.deck?.pages ?? 1;
    return act({ type: 'turn_page', page: Math.min(Math.max(1, page), last) });
  }

  /** Mute or open the own microphone or camera picture: at once here, then for everyone. */
  async function setMuted(source: Source, muted: boolean): Promise<void> {
    media?.mute(source, muted);
    if (mine.value?.sources.some((info) => info.source === source)) {
      await act({ type: 'set_mute', peer: me.value, source, muted });
    }
  }

  return {
    ink: markRaw(ink),
    phase,
    lesson,
    over,
    me,
    room,
    fills,
    links,
    streams,
    own,
    paths,
    awaySince,
    catchUpTold,
    wallTold,
    soundBlocked,
    silent,
    notice,
    seats,
    mine,
    lead,
    calledOn,
    classrooms,
    isLead,
    isCalledOn,
    isActing,
    state,
    can,
    linkOf,
    seatOf,
    streamIn,
    slotOf,
    elapsedMs,
    load,
    enter,
    leave,
    act,
    ask,
    turnPage,
    setMuted,
    startSource: async (source: Source) => media?.start(source),
    stopSource: (source: Source) => media?.stop(source),
    muteOther: (peer: PeerId, source: Source, muted: boolean) =>
      act({ type: 'set_mute', peer, source, muted }),
    setHand: (hand: boolean, handFor = '', peer: PeerId | null = null) =>
      act({ type: 'set_hand', hand, hand_for: handFor, peer }),
    callOn: (peer: PeerId | null) => act({ type: 'call_on', peer }),
    askCatchUp: (what: 'start' | 'stop') => act({ type: 'catch_up', act: what }),
    /** The wall tells the phones beside it; what is lost is repeated. */
    tellCatchUp: (what: CatchUpAct, missedS: number) =>
      session?.request({ type: 'catch_up', act: what, missed_s: missedS }).catch(() => undefined),
    takeLead: () => act({ type: 'take_lead' }),
    say: (text: string) => act({ type: 'say', text }),
    startLesson: () => act({ type: 'start_lesson' }),
    endLesson: () => act({ type: 'end_lesson' }),
    /** `viewer` shows `slot` this many device pixels high; 0: no longer. */
    viewSlot: (slot: string, viewer: object, pixels: number) => limits.set(slot, viewer, pixels),
    /** A frame of the lecturer, so many lines high, was presented here. */
    onFrame: (lines: number) => session?.onFrame(lines),
    unlockSound: () => session?.unlockSound(),
    /** Whether this page is heard; a phone beside the wall must not be. */
    setSilent: (quiet: boolean) => {
      silent.value = quiet;
      session?.setSilent(quiet);
    },
    setVolume: (volume: number) => session?.setVolume(volume),
    controlWall: (layout: WallLayout, volume: number) => act({ type: 'control_wall', layout, volume }),
    /** The wall says how it is; what is lost is said again. */
    tellWall: (layout: WallLayout, volume: number) =>
      session?.request({ type: 'control_wall', layout, volume }).catch(() => undefined),
    setLineHeard: (heard: boolean) => session?.setLineHeard(heard),
    /** Milliseconds since the room was opened, by the server's clock. */
    roomNow: () => session?.roomNow() ?? 0,
    /** Call on a pupil; without one a fair pick, in the classroom or (without one) in all. */
    callPupil: (classroom: string, pupil = '') => act({ type: 'call_pupil', classroom, pupil }),
    setAttendance: (classroom: string, absent: readonly string[]) =>
      act({ type: 'set_attendance', classroom, absent }),
    sayPrivately: (text: string, classroom: string) => act({ type: 'say_privately', text, classroom }),
    setLine: (what: LineAct, peer: PeerId | null = null) => act({ type: 'set_line', act: what, peer }),
    /** A new timer of so many seconds; null: stop the present one or go on; 0: put it away. */
    setTimer: (totalS: number | null, run = true) => act({ type: 'set_timer', total_s: totalS, run }),
  };
});
