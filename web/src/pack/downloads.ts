/** The downloads of one screen: asks what comes, fetches it when the server says so, and reports how far it is.
 *
 *  One file at a time, one pack at a time, the next lesson first; in class the page that is shown first. Times are
 *  counted from the server's answer on, never read from this computer's clock. Knows no Vue. */
import { fetchFile, type Outcome } from './fetchFile';
import { filesOf, totalBytes, type Coming, type ComingList, type Manifest, type PackItem } from './manifest';
import { inOrder, pauseMs, toEvict, toForget } from './order';
import { NetworkGone, PackServer, inClass } from './packServer';
import { StorageFull, type PackStore } from './store';

export type PackProblem = '' | 'storage_full' | 'storage_failed' | 'hash_failed';

/** How far this screen is with one lesson. */
export interface Progress {
  lesson: string;
  haveBytes: number;
  totalBytes: number;
  problem: PackProblem;
  /** Whether it waits for its time. */
  waits: boolean;
}

/** What the downloads need of the world around them. */
export interface Surroundings {
  store: PackStore;
  fetch: typeof fetch;
  /** Milliseconds that only go forward. */
  now: () => number;
  random: () => number;
  /** Call `work` after so many ms; returns how to call it off. */
  after: (ms: number, work: () => void) => () => void;
  /** Room that the browser says it has left, in bytes; null: it does not say. */
  freeBytes: () => Promise<number | null>;
}

const FIRST_AGAIN_MS = 15_000;
const LONGEST_SLEEP_MS = 60_000;
const REPORT_MS = 5_000;
const HEARTBEAT_MS = 240_000; // the server shows when a screen was last heard of
const MAX_DAMAGED = 3;
/** After so long what failed for good is tried again: somebody may have made room, or sent the file anew. */
const GIVEN_UP_MS = 600_000;
/** How long a new plan is asked for when the server says nothing of it: a lesson that a teacher's browser is in. */
const FOLLOW_AGAIN_S = 300;

interface Plan {
  coming: Coming;
  toldAt: number;
}

export class Downloads {
  private readonly server: PackServer;
  private readonly damaged = new Map<string, number>();
  private readonly progress = new Map<string, Progress>();
  private readonly told = new Map<string, { at: number; text: string }>();
  private plans: Plan[] = [];
  private askAt = 0;
  private failures = 0;
  /** Until when nothing more is written: there is no room. */
  private stuckUntil = 0;
  private damagedUntil = 0;
  private current = { lesson: '', page: 0 };
  private followed: { lesson: string; classroom: string | null } | null = null;
  private isScreen = false;
  private running: AbortController | null = null;
  private wake: (() => void) | null = null;

  constructor(
    private readonly world: Surroundings,
    private readonly onProgress: (all: ReadonlyMap<string, Progress>) => void,
  ) {
    this.server = new PackServer(world.fetch);
  }

  start(): void {
    if (this.running) return;
    this.running = new AbortController();
    this.askAt = 0;
    void this.run(this.running.signal);
  }

  stop(): void {
    this.running?.abort();
    this.running = null;
    this.wake?.();
  }

  /** Fetch the pack of the lesson that this page is in, also where the browser is no paired screen; null: no more. */
  follow(lesson: string | null, classroom: string | null = null): void {
    this.followed = lesson === null ? null : { lesson, classroom };
    if (lesson === null) this.current = { lesson: '', page: 0 };
    else this.ask();
  }

  /** The page that is shown in class: what follows it is fetched before anything else. */
  show(lesson: string, page: number): void {
    if (this.current.lesson === lesson && this.current.page === page) return;
    this.current = { lesson, page };
    this.failures = 0;
    this.wake?.();
  }

  /** Ask the server at once: the deck was changed, or the network is back. */
  ask(): void {
    this.askAt = 0;
    this.failures = 0;
    this.wake?.();
  }

  private async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      let pause: number;
      try {
        if (this.world.now() >= this.askAt) await this.learn(signal);
        pause = await this.step(signal);
      } catch (error) {
        pause = this.onFailure(error);
      }
      if (!signal.aborted && pause > 0) await this.sleep(pause);
    }
  }

  /** Fetch one file, or return for how many ms there is nothing to do. */
  private async step(signal: AbortSignal): Promise<number> {
    await this.reportAll(signal);
    if (this.world.now() >= this.stuckUntil) {
      for (const { coming } of this.ready()) {
        const kept = await this.world.store.pack(coming.lesson);
        const item = kept && (await this.nextOf(kept.pack));
        if (item) return await this.fetchOne(item, coming.lesson, signal);
      }
    }
    return Math.max(500, Math.min(LONGEST_SLEEP_MS, this.askAt - this.world.now(), ...this.untilStarts()));
  }

  private async nextOf(pack: Manifest): Promise<PackItem | null> {
    const page = this.current.lesson === pack.lesson ? this.current.page : 0;
    for (const item of inOrder(pack, page)) {
      if (!this.isGivenUp(item) && !(await this.world.store.has(item.sha256))) return item;
    }
    return null;
  }

  private isGivenUp(item: PackItem): boolean {
    if (this.world.now() >= this.damagedUntil) this.damaged.clear();
    return (this.damaged.get(item.sha256) ?? 0) >= MAX_DAMAGED;
  }

  private async fetchOne(item: PackItem, lesson: string, signal: AbortSignal): Promise<number> {
    let bytesNow = 0;
    const onBytes = (bytes: number): void => {
      bytesNow += bytes;
      this.add(lesson, bytes, signal);
    };
    const outcome = await fetchFile(item, this.world.store, this.world.fetch, signal, onBytes);
    const told = this.progress.get(lesson);
    if (bytesNow > 0) this.failures = 0; // the line is bad, not dead
    if (outcome === 'whole' && told && told.haveBytes >= told.totalBytes - 1) await this.measureAll();
    if (outcome === 'damaged') {
      this.damaged.set(item.sha256, (this.damaged.get(item.sha256) ?? 0) + 1);
      this.damagedUntil = this.world.now() + GIVEN_UP_MS;
      await this.measureAll();
    }
    return this.pauseAfter(outcome);
  }

  private pauseAfter(outcome: Outcome): number {
    if (outcome === 'whole') {
      this.failures = 0;
      return 0;
    }
    if (outcome === 'gone') this.askAt = Math.min(this.askAt, this.world.now() + FIRST_AGAIN_MS);
    return this.backOff();
  }

  private backOff(): number {
    this.failures += 1;
    return pauseMs(this.failures - 1, this.world.random());
  }

  private onFailure(error: unknown): number {
    if (error instanceof NetworkGone) return this.backOff();
    const problem: PackProblem = error instanceof StorageFull ? 'storage_full' : 'storage_failed';
    // A database may fail for a moment, after a power cut or beside another tab; a full disk stays full.
    this.stuckUntil = this.world.now() + (problem === 'storage_full' ? GIVEN_UP_MS : FIRST_AGAIN_MS);
    this.askAt = Math.max(this.askAt, this.world.now() + FIRST_AGAIN_MS); // the database may be what fails
    for (const one of [...this.progress.values()]) {
      if (one.haveBytes < one.totalBytes) this.progress.set(one.lesson, { ...one, problem });
    }
    this.onProgress(this.progress);
    return 1_000;
  }

  /** The packs whose time has come, the lesson that this page is in first. */
  private ready(): Plan[] {
    const isNow = ({ coming, toldAt }: Plan): boolean => {
      const passed = (this.world.now() - toldAt) / 1000 - coming.fetch_in_s;
      return passed >= 0 && (coming.fetch_for_s === null || passed < coming.fetch_for_s);
    };
    const isCurrent = ({ coming }: Plan): number => Number(coming.lesson === this.current.lesson);
    return this.plans.filter(isNow).sort((a, b) => isCurrent(b) - isCurrent(a));
  }

  private untilStarts(): number[] {
    const now = this.world.now();
    return this.plans.map((plan) => plan.toldAt + plan.coming.fetch_in_s * 1000 - now).filter((ms) => ms > 0);
  }

  // --- what the server says

  private async learn(signal: AbortSignal): Promise<void> {
    const list = await this.list(signal);
    const toldAt = this.world.now();
    this.plans = list.items.map((coming) => ({ coming, toldAt }));
    for (const { coming } of this.plans) await this.keepManifest(coming, signal);
    await this.tidy();
    await this.measureAll();
    this.askAt = toldAt + list.again_s * 1000;
  }

  private async list(signal: AbortSignal): Promise<ComingList> {
    const asked = await this.server.coming(signal);
    this.isScreen = asked.kind === 'list';
    if (asked.kind === 'unpaired' && !this.followed) await this.world.store.forgetNames();
    const list =
      asked.kind === 'list' ? asked.list : { items: [], ceiling_kbps: null, again_s: FOLLOW_AGAIN_S };
    const lesson = this.followed?.lesson;
    if (lesson && !list.items.some((one) => one.lesson === lesson)) list.items.unshift(inClass(lesson));
    return list;
  }

  private async keepManifest(coming: Coming, signal: AbortSignal): Promise<void> {
    const { store } = this.world;
    const kept = await store.pack(coming.lesson);
    if (kept && kept.pack.version === coming.version) {
      await store.keepPack(kept.pack, Date.now());
      return;
    }
    const classroom = this.isScreen ? null : (this.followed?.classroom ?? null);
    const pack = await this.server.manifest(coming, classroom, signal);
    if (!pack) return;
    coming.version = pack.version;
    // The names of a class stay on its own screen; a teacher's browser gets them in the lesson.
    if (!this.isScreen) pack.items = pack.items.filter((item) => item.kind !== 'roster');
    await store.keepPack(pack, Date.now());
  }

  /** Make room: what is in no pack any more goes, and lessons that are over when it gets tight. */
  private async tidy(): Promise<void> {
    const { store } = this.world;
    const wanted = new Set(this.plans.map(({ coming }) => coming.lesson));
    const kept = await store.packs();
    await store.removePacks(toForget(kept, wanted, Date.now()));
    for (const lesson of toEvict(await store.packs(), wanted)) {
      const free = await this.world.freeBytes();
      const isFull = this.world.now() < this.stuckUntil;
      if (!isFull && (free === null || (await this.missingBytes()) <= free)) return;
      await store.removePacks([lesson]);
      this.stuckUntil = 0;
    }
  }

  private async missingBytes(): Promise<number> {
    let missing = 0;
    for (const { coming } of this.plans) {
      const kept = await this.world.store.pack(coming.lesson);
      if (kept) missing += totalBytes(kept.pack) - (await this.haveBytes(kept.pack));
    }
    return missing;
  }

  // --- what is told

  private async haveBytes(pack: Manifest): Promise<number> {
    let have = 0;
    for (const item of filesOf(pack)) have += await this.world.store.haveBytes(item);
    return have;
  }

  private async measureAll(): Promise<void> {
    const before = new Map(this.progress);
    this.progress.clear();
    const ready = new Set(this.ready());
    for (const plan of this.plans) {
      const { lesson } = plan.coming;
      const kept = await this.world.store.pack(lesson);
      if (!kept) continue;
      const haveBytes = await this.haveBytes(kept.pack);
      const total = totalBytes(kept.pack);
      const problem = this.problemOf(kept.pack, haveBytes >= total, before.get(lesson)?.problem ?? '');
      const waits = haveBytes < total && !ready.has(plan);
      this.progress.set(lesson, { lesson, haveBytes, totalBytes: total, problem, waits });
    }
    this.onProgress(this.progress);
  }

  private problemOf(pack: Manifest, isWhole: boolean, before: PackProblem): PackProblem {
    if (isWhole) return '';
    if (filesOf(pack).some((item) => this.isGivenUp(item))) return 'hash_failed';
    return this.world.now() < this.stuckUntil ? before : '';
  }

  private add(lesson: string, bytes: number, signal: AbortSignal): void {
    const one = this.progress.get(lesson);
    if (!one) return;
    // Nobody is ready before the hash of the last file is right.
    const haveBytes = Math.min(one.totalBytes - 1, one.haveBytes + bytes);
    this.progress.set(lesson, { ...one, haveBytes, problem: '', waits: false });
    this.onProgress(this.progress);
    void this.reportAll(signal);
  }

  private async reportAll(signal: AbortSignal): Promise<void> {
    if (!this.isScreen) return;
    for (const one of [...this.progress.values()]) {
      const version = this.plans.find(({ coming }) => coming.lesson === one.lesson)?.coming.version;
      const text = JSON.stringify({ version, have_bytes: one.haveBytes, problem: one.problem });
      if (!this.isDue(one, text)) continue;
      this.told.set(one.lesson, { at: this.world.now(), text });
      if (!(await this.server.report(one.lesson, text, signal))) this.told.delete(one.lesson);
    }
  }

  private isDue(one: Progress, text: string): boolean {
    const last = this.told.get(one.lesson);
    if (!last) return true;
    const passed = this.world.now() - last.at;
    if (text === last.text) return passed >= HEARTBEAT_MS;
    return passed >= REPORT_MS || one.haveBytes >= one.totalBytes || one.problem !== '';
  }

  private sleep(ms: number): Promise<void> {
    return new Promise((done) => {
      const callOff = this.world.after(ms, () => this.wake?.());
      this.wake = () => {
        callOff();
        this.wake = null;
        done();
      };
    });
  }
}
