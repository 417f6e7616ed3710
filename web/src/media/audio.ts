/** Plays what the audio slots carry. Browsers may refuse sound before the first touch of a page; then `onBlocked` asks
 *  for one touch, once. Knows no Vue. */
import { chosenDevice } from './devices';

type Sink = HTMLAudioElement & { setSinkId?: (id: string) => Promise<void> };

export class AudioOutput {
  private readonly elements = new Map<string, Sink>();
  private isBlocked = false;
  private silent = false;
  private volume = 1;
  /** A slot that is heard all the same. */
  private loud: string | null = null;

  constructor(private readonly onBlocked: (blocked: boolean) => void) {}

  /** Play exactly these streams, by slot. */
  play(streams: ReadonlyMap<string, MediaStream>): void {
    for (const [slot, element] of this.elements) {
      if (!streams.has(slot)) this.remove(slot, element);
    }
    for (const [slot, stream] of streams) {
      const element = this.elements.get(slot) ?? this.add(slot);
      element.srcObject = stream;
      void this.begin(element);
    }
  }

  /** Play without being heard: for a phone in a room whose loudspeakers play the lesson already. */
  setSilent(silent: boolean): void {
    this.silent = silent;
    this.hush();
    if (!silent) void this.unlock();
  }

  /** How loud, 0 to 1. */
  setVolume(volume: number): void {
    this.volume = volume;
    for (const element of this.elements.values()) element.volume = volume;
  }

  /** Let `slot` be heard though all else is silent; null: none. */
  setLoud(slot: string | null): void {
    this.loud = slot;
    this.hush();
    if (slot !== null) void this.unlock();
  }

  /** Called from a touch or key: sound may begin now. */
  async unlock(): Promise<void> {
    this.say(false);
    await Promise.all([...this.elements.values()].map((element) => this.begin(element)));
  }

  close(): void {
    for (const [slot, element] of this.elements) this.remove(slot, element);
    this.say(false);
  }

  private hush(): void {
    for (const [slot, element] of this.elements) element.muted = this.silent && slot !== this.loud;
  }

  private add(slot: string): Sink {
    const element: Sink = new Audio();
    element.autoplay = true;
    element.muted = this.silent && slot !== this.loud;
    element.volume = this.volume;
    element.dataset.slot = slot;
    element.hidden = true;
    document.body.append(element);
    const speaker = chosenDevice('speaker');
    if (speaker) void element.setSinkId?.(speaker).catch(() => undefined); // gone: the default speaker is right
    this.elements.set(slot, element);
    return element;
  }

  private async begin(element: Sink): Promise<void> {
    try {
      await element.play();
    } catch (error) {
      if (error instanceof DOMException && error.name === 'NotAllowedError') this.say(true);
    }
  }

  private remove(slot: string, element: Sink): void {
    element.srcObject = null;
    element.remove();
    this.elements.delete(slot);
  }

  private say(blocked: boolean): void {
    if (blocked === this.isBlocked) return;
    this.isBlocked = blocked;
    this.onBlocked(blocked);
  }
}
