/** Where the bytes of a clip come from: this browser's pack when it has them, else the server, by Range. */
import type { Clip } from '@/generated/messages';

/** looking → own | server; server → own as soon as the pack has it; server → absent ⇄ server. */
export type SourceState = 'looking' | 'own' | 'server' | 'absent' | 'broken';

export interface SourceWorld {
  /** The whole file, when it is in this browser. */
  kept(sha256: string): Promise<Blob | null>;
  after(ms: number, work: () => void): () => void;
  makeUrl(blob: Blob): string;
  freeUrl(url: string): void;
}

export const LOOK_MS = 4_000; // how often the pack is looked into for a clip that is not there yet
const AGAIN_MS = 12_000; // and the server is asked again after it could not

export class ClipSource {
  state: SourceState = 'looking';
  url = '';
  private callOff: () => void = () => undefined;
  private isClosed = false;
  private waitedMs = 0;

  constructor(
    private readonly clip: Clip,
    private readonly world: SourceWorld,
    private readonly onChange: () => void,
  ) {
    void this.look();
  }

  /** The media element could not read what `url` gives. */
  onError(url: string): void {
    if (url !== this.url || this.isClosed) return;
    // What came out of the own store was checked by its hash: this browser cannot play it.
    if (this.state === 'own') this.go('broken', '');
    else if (this.state === 'server') {
      this.waitedMs = 0;
      this.go('absent', '');
    }
  }

  close(): void {
    this.isClosed = true;
    this.callOff();
    if (this.state === 'own') this.world.freeUrl(this.url);
  }

  private async look(): Promise<void> {
    const blob = await this.world.kept(this.clip.sha256);
    if (this.isClosed) return;
    if (blob) {
      this.go('own', this.world.makeUrl(blob));
      return;
    }
    this.waitedMs += LOOK_MS;
    if (this.state === 'looking' || (this.state === 'absent' && this.waitedMs >= AGAIN_MS))
      this.go('server', this.clip.url);
    this.callOff = this.world.after(LOOK_MS, () => void this.look());
  }

  private go(state: SourceState, url: string): void {
    this.state = state;
    this.url = url;
    this.onChange();
  }
}
