import { ApiError, api } from '@/api/client';
import { LessonError } from '@/session/socket';
import type { Entry } from './session';

const MARGIN_MS = 30_000;

/** The tokens by which a lesson is entered, kept while they are good. */
export class RoomTokens {
  private text = '';
  private until = 0;

  constructor(
    private readonly entry: Entry,
    private readonly onServers: (servers: RTCIceServer[]) => void,
  ) {}

  /** Return a token. `fresh`: the last one was refused. `isSeated`: a seat is resumed also with an expired one, so
   *  nothing is fetched while the network is only just back.
   *
   * @throws LessonError when the server says no for good; anything else may pass.
   */
  async get(fresh: boolean, isSeated: boolean): Promise<string> {
    if (!fresh && this.text && (isSeated || performance.now() < this.until)) return this.text;
    try {
      const { lessonId, role, classroomId } = this.entry;
      const { token, expires_s, ice_servers } = await api.roomToken(lessonId, role, classroomId);
      this.onServers(ice_servers);
      this.until = performance.now() + expires_s * 1_000 - MARGIN_MS;
      this.text = token;
      return token;
    } catch (error) {
      const final =
        error instanceof ApiError && error.status >= 400 && error.status < 500 && error.status !== 429;
      throw final ? new LessonError(error.code, error.message) : error;
    }
  }
}
