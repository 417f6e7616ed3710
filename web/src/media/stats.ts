/** What a connection's own statistics (W3C webrtc-stats) say, reduced to what the client acts on. */
import type { MediaPath } from '@/generated/messages';

/** One look at a connection. Counters grow from 0 with the connection; null: the browser does not say. */
export interface LinkSample {
  atMs: number;
  /** All media and feedback that came by this path. */
  receivedBytes: number;
  /** Connectivity checks that the far side answered: they come even when no media does. */
  checksAnswered: number;
  path: MediaPath;
  /** Of packets that came: video and voice. */
  mediaBytes: number;
  availableBps: number | null;
  rttMs: number | null;
  lossFraction: number | null;
  /** Samples of the lecturer's voice that were played, and those of them that were made up. In ms. */
  voiceMs: number;
  voiceConcealedMs: number;
}

type Entry = RTCStats & Record<string, unknown>;

const number = (value: unknown): number => (typeof value === 'number' ? value : 0);
const orNull = (value: unknown): number | null => (typeof value === 'number' ? value : null);

/** Return what the statistics say at `atMs`. `voiceMid`: the media description that carries the lecturer's voice. */
export function readStats(report: Iterable<Entry>, atMs: number, voiceMid: string | null = null): LinkSample {
  const entries = [...report];
  const pair = selectedPair(entries);
  const inbound = entries.filter((entry) => entry.type === 'inbound-rtp');
  const remote = entries.filter((entry) => entry.type === 'remote-inbound-rtp');
  const voice = inbound.find((entry) => entry.kind === 'audio' && entry.mid === voiceMid);
  const rate = 48; // samples a millisecond: Opus, RFC 7587 §4.1
  const losses = remote.map((entry) => orNull(entry.fractionLost)).filter((loss) => loss !== null);
  const pairRtt = orNull(pair?.currentRoundTripTime);
  const latest = remote
    .filter((entry) => typeof entry.roundTripTime === 'number')
    .sort((a, b) => b.timestamp - a.timestamp)[0]; // reports on a voice come every 5 s only
  const rtt = orNull(latest?.roundTripTime) ?? pairRtt;
  return {
    atMs,
    receivedBytes: number(pair?.bytesReceived),
    checksAnswered: number(pair?.responsesReceived),
    path: pathOf(entries, pair),
    mediaBytes: inbound.reduce((sum, entry) => sum + number(entry.bytesReceived), 0),
    availableBps: orNull(pair?.availableOutgoingBitrate),
    rttMs: rtt === null ? null : rtt * 1_000,
    lossFraction: losses.length > 0 ? Math.max(...losses) : null,
    voiceMs: Math.round(number(voice?.totalSamplesReceived) / rate),
    voiceConcealedMs: Math.round(number(voice?.concealedSamples) / rate),
  };
}

/** Firefox has no transport statistics: it marks the pair itself. */
function selectedPair(entries: readonly Entry[]): Entry | undefined {
  const pairs = entries.filter((entry) => entry.type === 'candidate-pair');
  const chosen = entries.find((entry) => entry.type === 'transport')?.selectedCandidatePairId;
  return (
    pairs.find((entry) => entry.id === chosen) ??
    pairs.find((entry) => entry.selected === true) ??
    pairs.find((entry) => entry.nominated === true && entry.state === 'succeeded')
  );
}

/** Return by which way media goes: straight, or by a relay that is reached in one of three ways (RFC 8656). */
function pathOf(entries: readonly Entry[], pair: Entry | undefined): MediaPath {
  const local = entries.find(
    (entry) => entry.type === 'local-candidate' && entry.id === pair?.localCandidateId,
  );
  if (!local) return 'unknown';
  if (local.candidateType !== 'relay') return local.protocol === 'udp' ? 'udp' : 'unknown';
  switch (local.relayProtocol) {
    case 'udp':
      return 'turn_udp';
    case 'tcp':
      return 'turn_tcp';
    case 'tls':
      return 'turn_tls';
    default:
      return 'unknown';
  }
}

/** Without anything from a path that media flowed by for so long, it is taken for cut, and people are told. */
export const CUT_AFTER_MS = 2_000;
/** Where no media flows, checks are answered every 2.5 s (Chromium), every 5 s or never again (Firefox): a path is cut
 *  when three in a row are missing of those that used to come. */
const CHECKS_MISSED = 3;
const CHECKS_KNOWN = 3;
/** Media flows when bytes came in so many looks in a row; reports alone come more seldom. */
const BUSY_RUN = 3;

/** Judges from a path's counters whether it is alive. Pure. */
export class PathWatch {
  private last: LinkSample | null = null;
  private run = 0;
  private missed = false;
  private heardAt = 0;
  private checkAt = 0;
  private checkGapMs = 0;
  private checks = 0;

  /** Return since when nothing came by this path (`atMs` of a sample), or null while it is alive. Counters that start
   *  anew (a new connection) are a sign of life. */
  cutSince(sample: LinkSample): number | null {
    const before = this.last;
    this.last = sample;
    const came = before !== null && sample.receivedBytes !== before.receivedBytes;
    const checked = before !== null && sample.checksAnswered !== before.checksAnswered;
    if (checked) this.noteCheck(sample.atMs);
    if (came || checked || !before) {
      if (!came) this.run = 0;
      else this.run = this.missed ? 1 : this.run + 1;
      this.missed = false;
      this.heardAt = sample.atMs;
      return null;
    }
    this.missed = true;
    return sample.atMs - this.heardAt >= this.patienceMs() ? this.heardAt : null;
  }

  /** The connection is new, or there is none. */
  reset(): void {
    this.last = null;
    this.run = 0;
    this.checks = 0;
    this.checkGapMs = 0;
  }

  private noteCheck(now: number): void {
    if (this.checks > 0) this.checkGapMs = Math.max(this.checkGapMs, now - this.checkAt);
    this.checkAt = now;
    this.checks += 1;
  }

  private patienceMs(): number {
    if (this.run >= BUSY_RUN) return CUT_AFTER_MS;
    return this.checks > CHECKS_KNOWN ? CHECKS_MISSED * Math.max(CUT_AFTER_MS, this.checkGapMs) : Infinity;
  }
}
