/**
 * Reads the answer cards in one picture: thresholds, dark blobs, squares, corners, bits. Pure: no page, no clock.
 * All buffers are made when the size of the pictures is known and used again for each of them.
 */
import { Blobs } from './blobs';
import { EdgeFitter } from './edges';
import { MarkerReader } from './marker';
import { Thresholds, type Gray } from './picture';
import { QuadFinder } from './quad';

/** What stands in a picture where a marker is. */
export interface Sighting {
  /** `read`: without doubt. `tilted`: read, but which edge is up is not plain. `unclear`: a marker, too poor to read. */
  state: 'read' | 'tilted' | 'unclear';
  /** -1 when unclear. */
  card: number;
  /** Which edge is up: 0 = A, clockwise; -1 when unclear. */
  turn: number;
  /** x, y of the corners in pixels, clockwise from the upper left. */
  corners: number[];
  /** Mean length of the sides in pixels. */
  side: number;
}

/** Half of the way to the next edge is 45°; the camera is not held quite straight either. */
const MOST_TILT = (34 * Math.PI) / 180;

/**
 * Where between ink and light the first and the second look draw the line. Halfway is where blur leaves an edge; lower
 * is right where paper lies in the shadow beside something bright: a window, a lamp, the sunny half of the same card.
 */
const SHARES = [0.5, 0.28] as const;

/** Add what a further look saw, unless an earlier one read it there. */
function keep(found: Sighting[], known: number, sighting: Sighting): void {
  const x = middle(sighting, 0);
  const y = middle(sighting, 1);
  for (let i = 0; i < known; i += 1) {
    const other = found[i] as Sighting;
    if (Math.hypot(middle(other, 0) - x, middle(other, 1) - y) > other.side / 2) continue;
    if (other.state === 'unclear') found[i] = sighting;
    return;
  }
  found.push(sighting);
}

function middle(sighting: Sighting, axis: 0 | 1): number {
  const c = sighting.corners;
  return ((c[axis] ?? 0) + (c[axis + 2] ?? 0) + (c[axis + 4] ?? 0) + (c[axis + 6] ?? 0)) / 4;
}

export class CardDetector {
  private readonly thresholds: Thresholds;
  private readonly blobs = new Blobs();
  private readonly quads = new QuadFinder();
  private readonly edges = new EdgeFitter();
  private readonly marker = new MarkerReader();
  private readonly upright = new Float64Array(8);

  constructor(
    readonly width: number,
    readonly height: number,
  ) {
    this.thresholds = new Thresholds(width, height);
  }

  /** Return every marker in a picture of this detector's size. */
  detect(gray: Gray): Sighting[] {
    const found: Sighting[] = [];
    this.thresholds.look(gray);
    for (const share of SHARES) {
      this.thresholds.set(share);
      this.blobs.find(gray, this.thresholds);
      const known = found.length;
      for (let blob = 0; blob < this.blobs.runs; blob += 1) {
        if (!this.blobs.isBlob(blob) || !this.quads.find(this.blobs, blob, this.height)) continue;
        const sighting = this.look(gray);
        if (sighting) keep(found, known, sighting);
      }
    }
    return found;
  }

  private look(gray: Gray): Sighting | null {
    const { contrast } = this.thresholds;
    this.putUpright(this.quads.corners);
    if (!this.edges.refine(gray, this.upright, contrast)) return null;
    const isRead = this.marker.read(gray, this.upright, contrast);
    if (!this.marker.isMarker) return null;
    const card = isRead ? this.marker.index >> 2 : -1;
    const turn = isRead ? this.marker.index & 3 : -1;
    const state = !isRead ? 'unclear' : this.tilt() > MOST_TILT ? 'tilted' : 'read';
    return { state, card, turn, corners: Array.from(this.upright), side: this.quads.side() };
  }

  /** Begin with the corner whose next side is the uppermost. */
  private putUpright(corners: Float64Array): void {
    let best = 0;
    let highest = Infinity;
    for (let i = 0; i < 4; i += 1) {
      const y = ((corners[i * 2 + 1] as number) + (corners[((i + 1) % 4) * 2 + 1] as number)) / 2;
      if (y >= highest) continue;
      highest = y;
      best = i;
    }
    for (let i = 0; i < 8; i += 1) this.upright[i] = corners[(best * 2 + i) % 8] as number;
  }

  /** Return by how much the way from the lower to the upper side leaves the vertical, in radians. */
  private tilt(): number {
    const c = this.upright as unknown as number[] as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    return Math.abs(Math.atan2(c[0] + c[2] - c[4] - c[6], c[5] + c[7] - c[1] - c[3]));
  }
}
