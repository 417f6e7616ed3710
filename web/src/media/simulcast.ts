/** Which layers a source is sent in (media.md §4). Rates are caps of the encoder, not promises of the link. */

export interface Size {
  width: number;
  height: number;
}

/** Above this height Chromium keeps three layers; below it drops the highest rids, never the lowest (media.md §4.1). */
const THREE_LAYERS_FROM = 540;

type Encoding = RTCRtpEncodingParameters & { scalabilityMode?: string };

/** Return the camera's encodings, lowest first. Every one has a maxFramerate: with it on the lowest only, Chromium
 *  slowed all layers to 7 pictures a second. */
export function cameraEncodings(size: Size): Encoding[] {
  if (size.height >= THREE_LAYERS_FROM) {
    return [
      { rid: 'q', scaleResolutionDownBy: 8, maxBitrate: 55_000, maxFramerate: 7.5, scalabilityMode: 'L1T2' },
      { rid: 'h', scaleResolutionDownBy: 4, maxBitrate: 180_000, maxFramerate: 15, scalabilityMode: 'L1T3' },
      {
        rid: 'f',
        scaleResolutionDownBy: 1,
        maxBitrate: 1_200_000,
        maxFramerate: 24,
        scalabilityMode: 'L1T3',
      },
    ].map((encoding) => fitted(encoding, size));
  }
  return [
    { rid: 'q', scaleResolutionDownBy: 4, maxBitrate: 60_000, maxFramerate: 7.5, scalabilityMode: 'L1T2' },
    { rid: 'f', scaleResolutionDownBy: 1, maxBitrate: 450_000, maxFramerate: 24, scalabilityMode: 'L1T3' },
  ];
}

/** The ladder is measured for 1280×720 (90, 180 and 720 lines); a larger camera is scaled to the same lines. */
function fitted(encoding: Encoding, size: Size): Encoding {
  const beyond = Math.max(1, size.height / 720);
  return { ...encoding, scaleResolutionDownBy: (encoding.scaleResolutionDownBy ?? 1) * beyond };
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

/** Return the screen's encodings: text needs sharpness first and few pictures a second (media.md §4.2). */
export function screenEncodings(): Encoding[] {
  return [
    { rid: 'l', scaleResolutionDownBy: 2, maxBitrate: 100_000, maxFramerate: 5 },
    { rid: 'h', scaleResolutionDownBy: 1, maxBitrate: 600_000, maxFramerate: 10 },
  ];
}
