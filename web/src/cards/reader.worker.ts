/** Reads cards beside the page, so that the page stays quick under the thumb. One picture in, what it shows out. */
import { CardDetector, type Sighting } from './detector';
import { toGray } from './picture';

/** A picture, or its pixels from browsers whose workers cannot draw. */
export type Ask = { id: number; picture: ImageBitmap } | { id: number; pixels: ImageData };

export interface Look {
  id: number;
  width: number;
  height: number;
  sightings: Sighting[];
  /** Mean shade, 0..255. */
  brightness: number;
  /** Milliseconds that the picture took, its way out of the graphics memory included. */
  tookMs: number;
}

const SAMPLE = 97; // every so many pixels; prime, so that no column is preferred

let detector: CardDetector | null = null;
let gray = new Uint8Array(0);
let pen: OffscreenCanvasRenderingContext2D | null = null;

function pixelsOf(picture: ImageBitmap): ImageData {
  const { width, height } = picture;
  if (!pen || pen.canvas.width !== width || pen.canvas.height !== height)
    pen = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true, alpha: false });
  if (!pen) throw new Error('no canvas');
  pen.drawImage(picture, 0, 0);
  picture.close();
  return pen.getImageData(0, 0, width, height);
}

function look(ask: Ask): Look {
  const begun = performance.now();
  const { data, width, height } = 'picture' in ask ? pixelsOf(ask.picture) : ask.pixels;
  if (detector?.width !== width || detector.height !== height) {
    detector = new CardDetector(width, height);
    gray = new Uint8Array(width * height);
  }
  toGray(data, gray);
  const sightings = detector.detect({ width, height, pixels: gray });
  let sum = 0;
  let count = 0;
  for (let i = 0; i < gray.length; i += SAMPLE) {
    sum += gray[i] as number;
    count += 1;
  }
  return {
    id: ask.id,
    width,
    height,
    sightings,
    brightness: sum / count,
    tookMs: performance.now() - begun,
  };
}

self.onmessage = ({ data }: MessageEvent<Ask>) => {
  self.postMessage(look(data));
};
