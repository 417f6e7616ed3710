/** Which layers a source is sent in. Rates are caps of the encoder, not promises of the link. Pure. */
import type { UplinkLevel } from './uplink';

export interface Size {
  width: number;
  height: number;
}

/** Above this height Chromium keeps three layers; below it drops the highest rids, never the lowest. */
const THREE_LAYERS_FROM = 540;

type Encoding = RTCRtpEncodingParameters & { scalabilityMode?: string };

/** The ladder's lines: 流畅 180, 清晰 360, 高清 720. Caps in bit/s; a layer opens only when those below it are full.
 *  The base of the lowest is what a link of 64 kbit/s carries beside the voice: 60 % of the 38 kbit/s that Chromium
 *  makes of the cap. At four base pictures a second one that is a fifth of a second late is no stall (500 ms), at five
 *  none that the encoder leaves out is. */
const LOW = { lines: 180, maxBitrate: 41_000, maxFramerate: 8, scalabilityMode: 'L1T2' };
const MIDDLE = { lines: 360, maxBitrate: 350_000, maxFramerate: 20, scalabilityMode: 'L1T3' };
const FULL = { lines: 720, maxBitrate: 1_200_000, maxFramerate: 24, scalabilityMode: 'L1T3' };

/** Return the camera's encodings, lowest first. Every one has a maxFramerate: with it on the lowest only, Chromium
 *  slowed all layers to 7 pictures a second. Scales follow the source, so that the layers keep their lines. */
export function cameraEncodings(size: Size): Encoding[] {
  const layer = (rid: string, { lines, ...caps }: typeof LOW): Encoding => ({
    rid,
    scaleResolutionDownBy: Math.max(1, size.height / lines),
    ...caps,
  });
  if (size.height >= THREE_LAYERS_FROM) {
    const full = layer('f', { ...FULL, maxBitrate: fullBitrate(size.height) });
    return [layer('q', LOW), layer('h', MIDDLE), full];
  }
  const low = { ...LOW, lines: Math.min(LOW.lines, size.height / 2) };
  return [layer('q', low), layer('f', { ...FULL, maxBitrate: fullBitrate(size.height) })];
}

/** Fewer lines need fewer bits, a little less than in proportion to the picture's area. */
function fullBitrate(height: number): number {
  return Math.round(FULL.maxBitrate * Math.min(1, height / FULL.lines) ** 1.5);
}

/** Return what a negotiated set of layers should send for a source of another size than it was negotiated for. */
export function refit(
  negotiated: readonly RTCRtpEncodingParameters[],
  size: Size,
): RTCRtpEncodingParameters[] {
  const wanted = cameraEncodings(size);
  return negotiated.map((encoding, index) => {
    const layer = wanted[index];
    if (!layer) return { ...encoding, active: false };
    const { scaleResolutionDownBy, maxBitrate, maxFramerate } = layer;
    return { ...encoding, active: true, scaleResolutionDownBy, maxBitrate, maxFramerate };
  });
}

/** Return the screen's encodings: text needs sharpness first and few pictures a second. */
export function screenEncodings(): Encoding[] {
  return [
    { rid: 'l', scaleResolutionDownBy: 2, maxBitrate: 100_000, maxFramerate: 5 },
    { rid: 'h', scaleResolutionDownBy: 1, maxBitrate: 600_000, maxFramerate: 10 },
  ];
}

/** The rids that someone takes; null: nobody has said yet, so all of them. */
export type Taken = ReadonlySet<string> | null;

/** What a layer may cost at most when the uplink carries less than all of them, in bit/s. */
const REDUCED_BPS = 250_000;
/** One picture a second: Chromium sends none at all below 1 (measured), and 180 lines at that pace cost about 9 kbit/s. */
const STILL = { maxFramerate: 1, maxBitrate: 15_000 };

/** Return `encodings`, lowest first, with only those active that someone takes and the uplink bears. There is always
 *  one: a source without any would be taken for gone, and the first who wants it again would have to wait for it. */
export function thin(
  encodings: readonly RTCRtpEncodingParameters[],
  taken: Taken,
  level: UplinkLevel,
): RTCRtpEncodingParameters[] {
  const offered = encodings.filter((encoding) => encoding.active !== false);
  const borne = level === 'full' ? offered : offered.slice(0, level === 'reduced' ? 2 : 1);
  const wanted = borne.filter(({ rid }) => taken === null || rid === undefined || taken.has(rid));
  // Who takes only what the uplink does not bear gets the best that it does; what nobody takes is kept alive as a still.
  const unwanted = taken !== null && taken.size === 0;
  const sent = wanted.length > 0 ? wanted : unwanted ? borne.slice(0, 1) : borne.slice(-1);
  return encodings.map((encoding) => {
    if (!sent.includes(encoding)) return { ...encoding, active: false };
    if (level === 'still' || unwanted) return { ...encoding, active: true, ...STILL };
    const cap = level === 'reduced' ? REDUCED_BPS : Infinity;
    return { ...encoding, active: true, maxBitrate: Math.min(cap, encoding.maxBitrate ?? REDUCED_BPS) };
  });
}
