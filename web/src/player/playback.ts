/** Plays a recording: a voice with or without its picture, at the level that the link carries.
 *
 *  Theory of operation. Two elements take turns. What plays is the clock of everything else. A better level gets ready
 *  in the other one, silent and a little ahead; when the voice comes to that place it takes over, so nothing jumps. A
 *  fall takes over at once, at the same place, and lets the old one go: the link has nothing to spare. */
import { computed, reactive, shallowRef, watch } from 'vue';
import { GainStage } from './gain';
import { Lane } from './lane';
import { levelsOf, voiceOf, type Choice } from './levels';
import { QualityRule, firstLevel } from './quality';
import { addressOf, type Resource } from './resource';
import { clampTime, resumeAt, stepSpeed } from './timeline';
import { savePosition, savedPosition } from './positions';

const LOOK_MS = 250;
const SAVE_EVERY_MS = 5_000;
const LEAD_MS = 1_500; // a try gets ready this far ahead
const READY_AHEAD_MS = 4_000; // a try that has this much may take over
const TRY_MS = 20_000; // then it is given up
const AGAIN_MS = 30_000; // what breaks more often than this is broken
const SHOWN_EVERY_MS = 100; // what people read need not move more often
const END_MS = 200;

export type Wish = 'auto' | 'audio' | Choice['name'];
export type Remark = '' | 'fell' | 'climbed';

interface Try {
  readonly choice: Choice;
  readonly endsAt: number;
  /** Whether the rule asked for it, and wants to hear how it went. */
  readonly byRule: boolean;
}

export function usePlayback(
  resource: Resource,
  base: string,
  elements: () => readonly HTMLVideoElement[],
  linkBps: () => number,
) {
  const levels = levelsOf(resource);
  const voice = voiceOf(resource);
  const { recording, duration_ms: durationMs } = resource;
  const resumedAt = resumeAt(savedPosition(recording), durationMs);
  const isFile = base.startsWith('file:') || location.protocol === 'file:';
  const now = (): number => performance.now();

  const state = reactive({
    ...{ playing: false, wanted: false, waiting: false, broken: false, ended: false, muted: false },
    ...{ speed: 1, volume: 1, current: resumedAt, aheadMs: 0, active: 0, resumedAt },
    ...{ wish: 'auto' as Wish, remark: '' as Remark, isReady: false, hasSounded: false },
  });
  const shown = shallowRef<Choice | null>(null);
  const rule = new QualityRule(levels, levels.length - 1, now());
  const gain = new GainStage(base);
  const onlyVoice = computed(() => state.wish === 'audio');
  let lanes: Lane[] = [];
  let trying: Try | null = null;
  let savedAt = resumedAt;
  let shownAt = 0;
  let lastMs = -1;
  let againAt = -Infinity;
  let timer = 0;

  const active = (): Lane | undefined => lanes[state.active];
  const spare = (): Lane | undefined => lanes[1 - state.active];
  const urlOf = (choice: Choice): string => addressOf(base, choice.rendition.path);
  const nowMs = (): number => clampTime(active()?.atMs ?? state.current, durationMs);

  function start(): void {
    lanes = elements().map((media) => new Lane(media));
    for (const lane of lanes) listen(lane);
    const at = isFile ? 0 : firstLevel(levels, linkBps());
    rule.set(Math.max(0, at), now());
    const first = levels[rule.at];
    if (first) take(first, state.current);
    timer = window.setInterval(look, LOOK_MS);
    window.addEventListener('pagehide', save);
  }

  function stop(): void {
    window.clearInterval(timer);
    window.removeEventListener('pagehide', save);
    save();
    for (const lane of lanes) lane.close();
    gain.close();
  }

  /** Let the present lane play `choice` from `ms` on. */
  function take(choice: Choice, ms: number): void {
    const lane = active();
    if (!lane) return;
    shown.value = choice;
    lane.open(choice, urlOf(choice), ms, choice.hasPicture && !state.wanted ? 'metadata' : 'auto');
    dress(lane);
    if (state.wanted) void run(lane);
  }

  function dress({ media, choice }: Lane): void {
    const isActive = media === active()?.media;
    media.playbackRate = media.defaultPlaybackRate = state.speed;
    media.muted = state.muted || !isActive;
    media.volume = state.volume;
    gain.set(media, choice?.rendition.gain_db ?? 0);
  }

  async function run(lane: Lane): Promise<void> {
    try {
      await lane.media.play();
    } catch (error) {
      // Refused without a touch: it waits for one. An interruption by a pause or another file is none.
      if (error instanceof DOMException && error.name === 'NotAllowedError') state.wanted = false;
    }
  }

  function play(): void {
    if (state.ended || nowMs() >= durationMs - END_MS) seek(0);
    state.wanted = true;
    state.broken = false;
    gain.open([...lanes.map((lane) => lane.media)]);
    rule.settle(now());
    const lane = active();
    if (lane) void run(lane);
  }

  function pause(): void {
    state.wanted = false;
    active()?.media.pause();
    save();
  }

  function seek(ms: number): void {
    const goal = clampTime(ms, durationMs);
    state.current = goal;
    state.ended = false;
    giveUpTry();
    rule.settle(now());
    active()?.seek(goal);
    save();
  }

  function save(): void {
    savedAt = nowMs();
    savePosition(recording, savedAt);
  }

  /** Play a level, now or (`auto`) what the link carries. */
  function wish(name: Wish): void {
    state.wish = name;
    giveUpTry();
    if (name === 'audio') return voice ? change(voice) : undefined;
    const auto = (): number => (isFile ? 0 : firstLevel(levels, rule.estimateBps || linkBps()));
    const at = name === 'auto' ? auto() : levels.findIndex((one) => one.name === name);
    const level = levels[at];
    if (!level) return;
    rule.set(at, now());
    change(level);
  }

  /** Go over to another rendition without a jump: at once where nothing plays, else when it is ready. */
  function change(choice: Choice): void {
    if (choice.rendition.path === shown.value?.rendition.path) {
      shown.value = choice;
      return;
    }
    if (!state.playing) return take(choice, nowMs());
    begin({ choice, endsAt: now() + TRY_MS, byRule: false });
  }

  function begin(one: Try): void {
    giveUpTry();
    const lane = spare();
    if (!lane) return;
    trying = one;
    lane.open(one.choice, urlOf(one.choice), Math.min(nowMs() + LEAD_MS * state.speed, durationMs), 'auto');
    dress(lane);
  }

  function giveUpTry(): void {
    if (!trying) return;
    const { byRule } = trying;
    trying = null;
    spare()?.close();
    if (byRule) rule.tried(false, now());
  }

  function follow(one: Try): void {
    const lane = spare();
    if (!lane) return;
    const isLate = now() > one.endsAt;
    const isReady = lane.media.readyState >= 4 || lane.aheadMs >= READY_AHEAD_MS || lane.hasAll;
    const behindMs = lane.atMs - nowMs();
    if (lane.media.error || (isLate && one.byRule)) return giveUpTry();
    if (isLate) return cross(one, lane); // asked for by somebody: now, though it has to wait
    if (behindMs < 0) return lane.seek(nowMs() + LEAD_MS * state.speed);
    if (isReady && (!state.playing || behindMs <= LOOK_MS * state.speed)) cross(one, lane);
  }

  /** The other lane takes over when the voice is where it waits. */
  function cross(one: Try, lane: Lane): void {
    trying = null;
    const old = active();
    const wait = state.playing ? Math.max(0, lane.atMs - nowMs()) / state.speed : 0;
    window.setTimeout(() => {
      if (state.wanted) void run(lane);
      state.active = 1 - state.active;
      shown.value = one.choice;
      dress(lane);
      old?.close();
      if (one.byRule) {
        rule.tried(true, now());
        state.remark = rule.at === 0 ? 'climbed' : state.remark;
      }
    }, wait);
  }

  function fall(to: number): void {
    const level = levels[to];
    const lane = spare();
    if (!level || !lane) return;
    giveUpTry();
    const at = nowMs();
    active()?.close();
    state.active = 1 - state.active;
    state.remark = 'fell';
    take(level, at);
  }

  /** A few times a second: where it is, whether it stands still, and what follows from that. */
  function look(): void {
    const lane = active();
    if (!lane) return;
    const at = nowMs();
    const isStill = at === lastMs && !state.ended;
    lastMs = at;
    state.waiting = state.wanted && isStill && lane.media.readyState < 3;
    state.aheadMs = Math.max(0, lane.aheadMs);
    if (!state.hasSounded && state.playing && at > state.resumedAt) state.hasSounded = true;
    if (Math.abs(at - savedAt) >= SAVE_EVERY_MS) save();
    if (trying) follow(trying);
    const advice = rule.look({
      nowMs: now(),
      playing: state.playing && !state.waiting,
      stalled: state.waiting,
      aheadMs: lane.aheadMs,
      isAll: lane.hasAll,
    });
    if (state.wish !== 'auto' || isFile) return void (advice.kind === 'try' && rule.tried(false, now()));
    if (advice.kind === 'fall') fall(advice.to);
    const level = advice.kind === 'try' ? levels[advice.to] : undefined;
    if (level) begin({ choice: level, endsAt: now() + TRY_MS, byRule: true });
  }

  /** Show where it is; called before each picture is painted. */
  function show(): void {
    if (Math.abs(now() - shownAt) < SHOWN_EVERY_MS && state.playing) return;
    shownAt = now();
    state.current = nowMs();
  }

  function listen(lane: Lane): void {
    const on = (name: string, does: () => void): void =>
      lane.media.addEventListener(name, () => lane === active() && does());
    on('playing', () => (state.playing = true));
    on('play', () => (state.wanted = state.playing = true));
    on('pause', () => {
      if (lane.media.readyState === 0) return; // a change of file, not a person
      state.playing = false;
      if (!lane.media.ended) state.wanted = false;
    });
    on('ended', () => {
      state.playing = state.wanted = false;
      state.ended = true;
      state.current = durationMs;
      save();
    });
    on('timeupdate', show);
    on('seeked', () => (state.current = nowMs()));
    on('canplay', () => ((state.isReady = true), (state.broken = false)));
    on('loadedmetadata', () => dress(lane));
    on('error', onBroken);
  }

  /** What has played may only want a new address: signed ones end after minutes (docs/sharing.md). A file that is
   *  missing or torn: the next one down may be whole. */
  function onBroken(): void {
    const level = shown.value;
    if (level && state.hasSounded && now() - againAt > AGAIN_MS) {
      againAt = now();
      return take(level, nowMs());
    }
    if (state.wish === 'auto' && rule.at < levels.length - 1) {
      rule.set(rule.at + 1, now());
      return fall(rule.at);
    }
    state.broken = true;
    state.isReady = true;
    state.wanted = state.playing = false;
  }

  function retry(): void {
    const level = shown.value;
    if (level) take(level, state.current);
    play();
  }

  watch(
    () => [state.speed, state.muted, state.volume],
    () => lanes.forEach(dress),
  );

  return {
    ...{ resource, base, state, shown, levels, voice, onlyVoice, durationMs, isFile },
    ...{ start, stop, play, pause, seek, wish, retry, show, nowMs },
    toggle: (): void => (state.wanted ? pause() : play()),
    changeSpeed: (step: 1 | -1): void => void (state.speed = stepSpeed(state.speed, step)),
  };
}

export type Playback = ReturnType<typeof usePlayback>;
