/** What is drawn over the camera's picture: an outline for each card, and the letter that is up. */
import type { Letter } from './codes';
import type { Sighting } from './detector';
import type { Look } from './reader.worker';
import type { CardVotes } from './votes';

/** `counted`: it is on the roll. `seen`: read once. `doubt`: somebody has to look. `unclear`: not read. */
export type Mark = 'counted' | 'seen' | 'doubt' | 'unclear';

export interface Outline {
  corners: readonly number[];
  mark: Mark;
  letter: Letter | '';
}

/** Return the outlines of a picture's cards. */
export function outlinesOf(
  sightings: readonly Sighting[],
  votes: CardVotes,
  own: ReadonlySet<number>,
  choices: number,
  letters: readonly Letter[],
): Outline[] {
  return sightings.map(({ state, card, turn, corners }) => {
    if (state !== 'read') return { corners, mark: 'unclear', letter: '' };
    const standing = votes.of(card);
    const letter = letters[turn] ?? '';
    if (!own.has(card) || turn >= choices || standing?.doubt) return { corners, mark: 'doubt', letter };
    return { corners, mark: standing?.turn === turn ? 'counted' : 'seen', letter };
  });
}

// Over a camera's picture the theme's colours mean nothing: bright lines on a dark rim are seen on everything.
const COLOURS: Record<Mark, string> = {
  counted: '#3ddc84',
  seen: '#ffffff',
  doubt: '#ffb02e',
  unclear: '#c9d1cd',
};

/** Paint the outlines; the picture fills the canvas as `object-fit: cover` does. */
export function paint(
  canvas: HTMLCanvasElement,
  picture: Pick<Look, 'width' | 'height'>,
  outlines: readonly Outline[],
): void {
  const scale = Math.min(2, window.devicePixelRatio);
  const width = Math.round(canvas.clientWidth * scale);
  const height = Math.round(canvas.clientHeight * scale);
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const pen = canvas.getContext('2d');
  if (!pen || width === 0) return;
  pen.clearRect(0, 0, width, height);
  const zoom = Math.max(width / picture.width, height / picture.height);
  const left = (width - picture.width * zoom) / 2;
  const top = (height - picture.height * zoom) / 2;
  for (const outline of outlines) paintOne(pen, outline, zoom, left, top, scale);
}

function paintOne(
  pen: CanvasRenderingContext2D,
  { corners, mark, letter }: Outline,
  zoom: number,
  left: number,
  top: number,
  scale: number,
): void {
  const at = corners.map((value, i) => value * zoom + (i % 2 === 0 ? left : top));
  const [x0 = 0, y0 = 0, x1 = 0, y1 = 0, x2 = 0, y2 = 0, x3 = 0, y3 = 0] = at;
  pen.beginPath();
  pen.moveTo(x0, y0);
  pen.lineTo(x1, y1);
  pen.lineTo(x2, y2);
  pen.lineTo(x3, y3);
  pen.closePath();
  pen.setLineDash(mark === 'unclear' ? [4 * scale, 4 * scale] : []);
  pen.lineJoin = 'round';
  pen.lineWidth = 4 * scale;
  pen.strokeStyle = 'rgb(0 0 0 / 60%)';
  pen.stroke();
  pen.lineWidth = 2 * scale;
  pen.strokeStyle = COLOURS[mark];
  pen.stroke();
  if (!letter) return;
  const size = Math.max(13 * scale, Math.hypot(x1 - x0, y1 - y0) * 0.7);
  const x = (x0 + x1 + x2 + x3) / 4;
  const y = (y0 + y1 + y2 + y3) / 4;
  pen.font = `700 ${size}px sans-serif`;
  pen.textAlign = 'center';
  pen.textBaseline = 'middle';
  pen.setLineDash([]);
  pen.lineWidth = size / 4;
  pen.strokeStyle = 'rgb(0 0 0 / 75%)';
  pen.strokeText(letter, x, y);
  pen.fillStyle = COLOURS[mark];
  pen.fillText(letter, x, y);
}
