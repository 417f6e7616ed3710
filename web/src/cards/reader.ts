/** Owns the worker that reads cards: one picture at a time, the newest, with an end to waiting. Knows no Vue. */
import type { Ask, Look } from './reader.worker';
import CardWorker from './reader.worker?worker';

const PATIENCE_MS = 5000; // the slowest phone takes a second; a worker that is silent for longer has died

/**
 * The worker's script is fetched when the page is: the line may be gone by the time somebody scans. One worker is enough
 * for a page, and it holds no buffers before its first picture.
 */
let spare: Worker | null = typeof Worker === 'undefined' ? null : new CardWorker();

export class CardReader {
  private worker: Worker | null = null;
  private asked = 0;
  private settle: ((look: Look | null) => void) | null = null;

  /** Read one picture; null when the one before is not finished, or the worker gave up on it. */
  async read(source: HTMLVideoElement | ImageBitmap): Promise<Look | null> {
    if (this.settle) return null;
    const id = (this.asked += 1);
    const answer = new Promise<Look | null>((settle) => (this.settle = settle));
    const late = setTimeout(() => this.fail(), PATIENCE_MS);
    try {
      await this.send(id, source);
      return await answer;
    } catch {
      this.fail(); // the camera was closed while the picture was taken
      return null;
    } finally {
      clearTimeout(late);
    }
  }

  /** Give the worker back for the next scan. */
  close(): void {
    const worker = this.settle ? null : this.worker;
    if (worker) this.worker = null;
    this.fail();
    if (!worker) return;
    worker.onmessage = worker.onerror = null;
    if (spare) worker.terminate();
    else spare = worker;
  }

  private async send(id: number, source: HTMLVideoElement | ImageBitmap): Promise<void> {
    if (typeof OffscreenCanvas === 'undefined') {
      const pixels = draw(source);
      this.post({ id, pixels }, [pixels.data.buffer]);
      return;
    }
    const picture = await createImageBitmap(source);
    if (id === this.asked && this.settle) this.post({ id, picture }, [picture]);
    else picture.close();
  }

  private post(ask: Ask, moved: Transferable[]): void {
    this.worker ??= this.start();
    this.worker.postMessage(ask, moved);
  }

  private start(): Worker {
    const worker = spare ?? new CardWorker();
    spare = null;
    worker.onmessage = ({ data }: MessageEvent<Look>) => {
      if (data.id === this.asked) this.finish(data);
    };
    worker.onerror = () => this.fail();
    return worker;
  }

  private finish(look: Look | null): void {
    const settle = this.settle;
    this.settle = null;
    settle?.(look);
  }

  private fail(): void {
    this.worker?.terminate();
    this.worker = null;
    this.finish(null);
  }
}

let canvas: HTMLCanvasElement | null = null;

function draw(source: HTMLVideoElement | ImageBitmap): ImageData {
  canvas ??= document.createElement('canvas');
  const isVideo = source instanceof HTMLVideoElement;
  const width = isVideo ? source.videoWidth : source.width;
  const height = isVideo ? source.videoHeight : source.height;
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const pen = canvas.getContext('2d', { willReadFrequently: true, alpha: false });
  if (!pen) throw new Error('no canvas');
  pen.drawImage(source, 0, 0);
  return pen.getImageData(0, 0, width, height);
}
