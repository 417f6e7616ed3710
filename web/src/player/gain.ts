/** Equal loudness of all lessons: the gain that finalising measured, added while playing. Where the browser cannot
 *  (a file, another origin, no sound device yet) the voice stays as it was recorded. */

const LEAST_DB = 0.5; // less is not heard

export class GainStage {
  private context: AudioContext | null = null;
  private readonly stages = new Map<HTMLMediaElement, GainNode>();
  private readonly wanted = new Map<HTMLMediaElement, number>();
  private isAsked = false;

  constructor(private readonly base: string) {}

  /** Remember what an element needs; at once where the way through the browser's mixer is open. */
  set(media: HTMLMediaElement, db: number): void {
    this.wanted.set(media, db);
    const stage = this.stages.get(media);
    if (stage) stage.gain.value = 10 ** (db / 20);
  }

  /** Open the way, once, from a touch or key; an element whose sound another origin sends would fall silent in it. */
  open(elements: readonly HTMLMediaElement[]): void {
    void this.context?.resume();
    const first = elements.find((media) => media.currentSrc);
    const isNeeded = [...this.wanted.values()].some((db) => Math.abs(db) >= LEAST_DB);
    if (this.isAsked || !first || !isNeeded || !this.isOwnOrigin()) return;
    this.isAsked = true;
    const context = new AudioContext();
    void Promise.all([context.resume(), isSameOrigin(first.currentSrc)]).then(([, isOwn]) => {
      if (!isOwn || context.state !== 'running') return void context.close();
      this.context = context;
      for (const media of elements) this.connect(context, media);
    });
  }

  close(): void {
    void this.context?.close();
    this.context = null;
  }

  private isOwnOrigin(): boolean {
    return location.protocol !== 'file:' && new URL(this.base, location.href).origin === location.origin;
  }

  private connect(context: AudioContext, media: HTMLMediaElement): void {
    const stage = context.createGain();
    const limiter = context.createDynamicsCompressor(); // a gain must not clip what was loud already
    limiter.threshold.value = -3;
    limiter.ratio.value = 20;
    context.createMediaElementSource(media).connect(stage).connect(limiter).connect(context.destination);
    this.stages.set(media, stage);
    this.set(media, this.wanted.get(media) ?? 0);
  }
}

/** Return whether the file comes from here to the end: a signed address may lead to another server. */
async function isSameOrigin(url: string): Promise<boolean> {
  try {
    const answer = await fetch(url, { headers: { Range: 'bytes=0-0' }, credentials: 'same-origin' });
    void answer.body?.cancel();
    return answer.ok && new URL(answer.url).origin === location.origin;
  } catch {
    return false;
  }
}
