/** Photographs as a plan needs them: what a phone takes is sent for minutes over a school's line. */

const HEAVY_BYTES = 1 << 20;
/** Longer side in px: a page of a deck on a 1080p wall. */
const SIDE = 1920;
const QUALITY = 0.85;

/** Return a heavy picture made smaller; as it is when it is light, or this browser cannot read it. */
export async function shrink(file: File): Promise<Blob> {
  if (file.size <= HEAVY_BYTES) return file;
  try {
    const picture = await createImageBitmap(file);
    const scale = Math.min(1, SIDE / Math.max(picture.width, picture.height));
    const canvas = document.createElement('canvas');
    canvas.width = Math.round(picture.width * scale);
    canvas.height = Math.round(picture.height * scale);
    const pen = canvas.getContext('2d');
    if (!pen) return file;
    pen.fillStyle = '#ffffff'; // JPEG knows no transparency
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
    picture.close();
    const made = await new Promise<Blob | null>((done) => canvas.toBlob(done, 'image/jpeg', QUALITY));
    return made && made.size < file.size ? made : file;
  } catch {
    return file; // the server says what is wrong with it
  }
}
