/** Dark areas of a picture: runs of dark pixels row by row, joined to blobs where they touch from row to row. */
import { TILE, type Gray, type Thresholds } from './picture';

/** Runs that are kept a picture. A wall of gravel in the noise of night has more: its lower part stays unread. */
const MOST_RUNS = 400_000;

export class Blobs {
  /** Of each run: its row, its first and last pixel, and the next run of its blob (-1 after the last). */
  readonly row = new Int16Array(MOST_RUNS);
  readonly first = new Int16Array(MOST_RUNS);
  readonly last = new Int16Array(MOST_RUNS);
  readonly next = new Int32Array(MOST_RUNS);
  /** A blob is known by its first run. Of each such: what it spans, and its pixels. */
  readonly left = new Int16Array(MOST_RUNS);
  readonly right = new Int16Array(MOST_RUNS);
  readonly bottom = new Int16Array(MOST_RUNS);
  readonly area = new Int32Array(MOST_RUNS);
  runs = 0;
  private readonly parent = new Int32Array(MOST_RUNS);
  private readonly tail = new Int32Array(MOST_RUNS);

  /** Find the blobs of this picture. */
  find(gray: Gray, thresholds: Thresholds): void {
    this.runs = 0;
    let above = 0;
    const rows = thresholds.rows * TILE;
    for (let y = 0; y < rows; y += 1) {
      const begin = this.runs;
      if (begin + gray.width > MOST_RUNS) break;
      this.scan(gray, thresholds, y);
      this.join(above, begin);
      above = begin;
    }
    this.gather();
  }

  /** Return whether a run begins a blob. */
  isBlob(run: number): boolean {
    return this.parent[run] === run;
  }

  private scan(gray: Gray, thresholds: Thresholds, y: number): void {
    const { pixels, width } = gray;
    const { columns, values } = thresholds;
    const tiles = Math.floor(y / TILE) * columns;
    const start = y * width;
    let from = -1;
    for (let column = 0; column < columns; column += 1) {
      const limit = values[tiles + column] as number;
      const x = column * TILE;
      if (limit === 0) {
        if (from >= 0) this.add(y, from, x - 1);
        from = -1;
        continue;
      }
      for (let at = x; at < x + TILE; at += 1) {
        if ((pixels[start + at] as number) < limit) {
          if (from < 0) from = at;
        } else if (from >= 0) {
          this.add(y, from, at - 1);
          from = -1;
        }
      }
    }
    if (from >= 0) this.add(y, from, columns * TILE - 1);
  }

  private add(y: number, from: number, to: number): void {
    const run = this.runs;
    this.row[run] = y;
    this.first[run] = from;
    this.last[run] = to;
    this.parent[run] = run;
    this.runs = run + 1;
  }

  /** Join the runs of the row that begins at `begin` with those of the row above that share a column. */
  private join(above: number, begin: number): void {
    const { row, first, last, runs } = this;
    if (above === begin || runs === begin || row[above] !== (row[begin] as number) - 1) return;
    let up = above;
    let down = begin;
    while (up < begin && down < runs) {
      const upLast = last[up] as number;
      const downLast = last[down] as number;
      if ((first[up] as number) <= downLast && (first[down] as number) <= upLast) this.unite(up, down);
      if (upLast < downLast) up += 1;
      else down += 1;
    }
  }

  private unite(one: number, other: number): void {
    const a = this.root(one);
    const b = this.root(other);
    if (a < b) this.parent[b] = a;
    else this.parent[a] = b;
  }

  private root(run: number): number {
    const { parent } = this;
    let at = run;
    while (parent[at] !== at) {
      const over = parent[parent[at] as number] as number;
      parent[at] = over;
      at = over;
    }
    return at;
  }

  private gather(): void {
    const { row, first, last, next, left, right, bottom, area, tail, parent, runs } = this;
    for (let run = 0; run < runs; run += 1) {
      const blob = this.root(run);
      const from = first[run] as number;
      const to = last[run] as number;
      next[run] = -1;
      if (blob === run) {
        left[run] = from;
        right[run] = to;
        area[run] = 0;
      } else {
        parent[run] = blob;
        next[tail[blob] as number] = run;
        if (from < (left[blob] as number)) left[blob] = from;
        if (to > (right[blob] as number)) right[blob] = to;
      }
      tail[blob] = run;
      bottom[blob] = row[run] as number;
      area[blob] = (area[blob] as number) + to - from + 1;
    }
  }
}
