/** A photo of a pupil's page, made small enough for a village's line: at most 1600 px and about 200 kB. Decoding and
 *  encoding drop whatever else the file holds (place, time, device). */
const MAX_SIDE = 1600; // server/lessons/questions/model.py: MAX_PHOTO_SIDE
const MAX_BYTES = 200_000;
const QUALITIES = [0.8, 0.65, 0.5, 0.35];
const SMALLER = 0.75; // a page that is still too large at the last quality is shrunk by this and tried again
const TRIES = 4;

/** The file is no picture that this browser can read. */
export class PhotoUnreadable extends Error {
  override readonly name = 'PhotoUnreadable';
}

/** Return the size that fits, larger sides first. */
export function fitted(width: number, height: number, most: number): { width: number; height: number } {
  const scale = Math.min(1, most / Math.max(width, height, 1));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/** @throws PhotoUnreadable */
export async function smallPhoto(file: Blob): Promise<Blob> {
  const address = URL.createObjectURL(file);
  try {
    const picture = await decoded(address);
    let most = MAX_SIDE;
    for (let attempt = 0; attempt < TRIES; attempt += 1, most = Math.round(most * SMALLER)) {
      const canvas = drawn(picture, most);
      for (const quality of QUALITIES) {
        const blob = await encoded(canvas, quality);
        if (blob && blob.size <= MAX_BYTES) return blob;
      }
    }
  } finally {
    URL.revokeObjectURL(address);
  }
  throw new PhotoUnreadable();
}

function decoded(address: string): Promise<HTMLImageElement> {
  return new Promise((resolve, reject) => {
    const picture = new Image();
    picture.onload = () => resolve(picture);
    picture.onerror = () => reject(new PhotoUnreadable());
    picture.src = address;
  });
}

function drawn(picture: HTMLImageElement, most: number): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  const size = fitted(picture.naturalWidth, picture.naturalHeight, most);
  canvas.width = size.width;
  canvas.height = size.height;
  const context = canvas.getContext('2d');
  if (!context) throw new PhotoUnreadable();
  context.fillStyle = '#fff'; // what is transparent would be black
  context.fillRect(0, 0, size.width, size.height);
  context.drawImage(picture, 0, 0, size.width, size.height);
  return canvas;
}

/** WebP where the browser writes it, else JPEG (Safari). */
async function encoded(canvas: HTMLCanvasElement, quality: number): Promise<Blob | null> {
  const as = (type: string) => new Promise<Blob | null>((done) => canvas.toBlob(done, type, quality));
  const webp = await as('image/webp');
  return webp?.type === 'image/webp' ? webp : as('image/jpeg');
}
