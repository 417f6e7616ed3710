/** How loud a microphone is, for a small meter: 0 (silence) to 1 (full scale), linear in decibels. */

const FLOOR_DB = -60; // a quiet room on a laptop's microphone
const EVERY_MS = 100;

/** Return 0..1 for samples in -1..1. */
export function loudness(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  if (sum === 0) return 0;
  const db = 10 * Math.log10(sum / samples.length);
  return Math.min(1, Math.max(0, 1 - db / FLOOR_DB));
}

export class LevelMeter {
  private readonly context = new AudioContext();
  private readonly samples = new Float32Array(1024);
  private readonly timer: number;

  constructor(track: MediaStreamTrack, onLevel: (level: number) => void) {
    const analyser = this.context.createAnalyser();
    analyser.fftSize = this.samples.length;
    this.context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
    this.timer = window.setInterval(() => {
      analyser.getFloatTimeDomainData(this.samples);
      onLevel(loudness(this.samples));
    }, EVERY_MS);
  }

  close(): void {
    window.clearInterval(this.timer);
    void this.context.close();
  }
}
