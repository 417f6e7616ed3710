// Generated from signaling/messages.py by `python -m signaling.typescript --write`. Do not edit.
// docs/signaling.md explains the messages.

export const PROTOCOL_VERSION = 1;
export const MAX_MESSAGE_BYTES = 65536;
export const MAX_PUPILS = 60;
export const MAX_CALLED = 200;
export const MAX_MARKS = 200;
export const MAX_SEGMENTS = 40;
export const MAX_PRIVATE_LINES = 100;
export const MAX_WHOLE = 3;
export const MAX_QUESTIONS = 60;
export const MAX_TITLE = 500;
export const MAX_OPTIONS = 6;
export const MAX_OPTION = 80;
export const MAX_CARD_OPTIONS = 4;
export const MAX_TEXT_ANSWER = 100;
export const MAX_BATCH = 60;
export const MAX_HANDS = 99;
export const MAX_PAST_TITLE = 60;
export const INK_UNITS = 16384;
export const MAX_CLIP_MS = 21600000;

export type InkTool = 'pen' | 'highlighter' | 'line' | 'arrow' | 'rectangle' | 'ellipse' | 'text';

export type ClassroomId = string;

export type PeerId = string;

export type PupilId = string;

export type RoomId = string;

export type Phase = 'class' | 'group_work';

export type LineAct = 'ring' | 'accept' | 'end';

export type QuestionId = string;

export type QuestionKind = 'single' | 'multiple' | 'true_false' | 'number' | 'text' | 'photo';

export type QuestionStage = 'open' | 'closed' | 'revealed' | 'away';

export type SegmentLeader = 'lecturer' | 'local' | 'both';

export type CatchUpAct = 'offered' | 'running' | 'none' | 'start' | 'stop';

export type LessonState = 'scheduled' | 'live' | 'ended';

export type LinkState = 'ok' | 'suspect' | 'outage';

export type MediaPath = 'udp' | 'turn_udp' | 'turn_tcp' | 'turn_tls' | 'unknown';

export type RoomKind = 'lesson' | 'meeting';

export type Rung = 'hd' | 'clear' | 'smooth' | 'slides_audio' | 'audio';

export type Source = 'camera' | 'mic' | 'screen' | 'line';

export type WallLayout = 'auto' | 'page' | 'lecturer';

export type Role = 'lecturer' | 'classroom' | 'local_teacher' | 'observer' | 'convener' | 'member';

export type Capability =
  | 'watch'
  | 'publish_camera'
  | 'publish_mic'
  | 'publish_screen'
  | 'raise_hand'
  | 'chat'
  | 'turn_page'
  | 'call_on'
  | 'mute_anyone'
  | 'mute_own_classroom'
  | 'take_lead'
  | 'start_lesson'
  | 'end_lesson'
  | 'see_links'
  | 'catch_up'
  | 'set_attendance'
  | 'private_line'
  | 'set_phase'
  | 'set_timer'
  | 'mark'
  | 'pause_recording'
  | 'control_wall'
  | 'ask'
  | 'answer'
  | 'count_hands'
  | 'draw'
  | 'play_clip';

/** What the acting local teacher may do besides. */
export const ACTING_CAPABILITIES: readonly Capability[] = ['ask', 'call_on', 'draw', 'play_clip', 'set_timer', 'turn_page'];

/** What whoever has the chair of a meeting may do besides. */
export const CHAIR_CAPABILITIES: readonly Capability[] = ['end_lesson', 'mute_anyone', 'pause_recording'];

/** Somebody begins to write: the next author's number is theirs. */
export interface AuthorKnown {
  kind: 'author_known';
  peer: PeerId;
}

/** Everything written in a lesson. */
export interface Board {
  shown: string;
  boards: number;
  authors: readonly InkAuthor[];
  writers: readonly ClassroomId[];
  surfaces: readonly Surface[];
}

/** Another part of a blank board is shown. */
export interface BoardMoved {
  kind: 'board_moved';
  surface: string;
  x: number;
  y: number;
}

/** Notice, the answer to `ask_board`: what stands on a surface higher than `after`, as it is after event `seq`. */
export interface BoardPart {
  type: 'board_part';
  seq: number;
  surface: string;
  after: number;
  objects: readonly InkObject[];
  known: number | null;
}

/** A blank board is shown in place of the page, or (empty) the page again. */
export interface BoardShown {
  kind: 'board_shown';
  surface: string;
}

/** An object is finished. An empty surface is the one that is shown. `took_ms`: how long it was drawn, so that a recording can draw it again as it grew; 0: it came whole. */
export interface InkAdded {
  kind: 'ink_added';
  object: InkObject;
  surface?: string;
  took_ms?: number;
}

/** Somebody who has written. The place in `Board.authors` is the author's number. */
export interface InkAuthor {
  peer: PeerId;
  last: number;
}

/** A surface was wiped. */
export interface InkCleared {
  kind: 'ink_cleared';
  by: PeerId;
  surface?: string;
}

/** Something written. A shape has two points, a text one: its upper left corner. */
export interface InkObject {
  id: string;
  tool?: InkTool;
  colour?: number;
  width?: number;
  points?: string;
  text?: string;
  z?: number;
}

/** Objects were erased, or undone. */
export interface InkRemoved {
  kind: 'ink_removed';
  ids: readonly string[];
  by: PeerId;
  surface?: string;
}

/** Objects that were removed are back, at their heights. */
export interface InkRestored {
  kind: 'ink_restored';
  objects: readonly InkObject[];
  surface?: string;
}

/** What can be written on, and what is written there. */
export interface Surface {
  key: string;
  top: number;
  x: number;
  y: number;
  objects: readonly InkObject[];
  known: number | null;
}

/** These classrooms may write, besides the one that is called on. */
export interface WritersChanged {
  kind: 'writers_changed';
  classrooms: readonly ClassroomId[];
}

/** Add a whole object: a text, or what was drawn while the socket was away. The same `n` again changes nothing. */
export interface AddInk {
  type: 'add_ink';
  id: number;
  n: number;
  surface: string;
  tool: InkTool;
  points: string;
  colour?: number;
  width?: number;
  text?: string;
}

/** Let a classroom write, or no longer. */
export interface AllowWriting {
  type: 'allow_writing';
  id: number;
  classroom: ClassroomId;
  allowed: boolean;
}

/** Ask for what stands on a surface higher than `after`: `board_part` says it, piece by piece. */
export interface AskBoard {
  type: 'ask_board';
  id: number;
  surface: string;
  after?: number;
}

/** Wipe a surface. */
export interface ClearInk {
  type: 'clear_ink';
  id: number;
  surface: string;
}

/** Notice to its writer: object `n` was not taken. `code` as in docs/errors.md. */
export interface InkRefused {
  type: 'ink_refused';
  n: number;
  code: string;
  detail: string;
}

/** Show another part of the blank board that is shown, to everyone. */
export interface MoveBoard {
  type: 'move_board';
  id: number;
  x: number;
  y: number;
}

/** Remove objects: one's own, or as a lecturer any. Those that are gone already are passed over. */
export interface RemoveInk {
  type: 'remove_ink';
  id: number;
  surface: string;
  ids: readonly string[];
}

/** Bring back what oneself removed, or as a lecturer what anybody did. */
export interface RestoreInk {
  type: 'restore_ink';
  id: number;
  surface: string;
  ids: readonly string[];
}

/** Show a blank board in place of the page: one that was opened before, or the next new one. 0: the page again. */
export interface ShowBoard {
  type: 'show_board';
  id: number;
  board: number;
}

/** Who of a classroom is not there today. */
export interface Absence {
  classroom: ClassroomId;
  absent: readonly PupilId[];
}

/** Private to the classroom: who is absent, whole. */
export interface AttendanceSet {
  kind: 'attendance_set';
  classroom: ClassroomId;
  absent: readonly PupilId[];
}

/** A pupil who was called on. The name is said aloud in class, so it is for everybody. */
export interface CalledPupil {
  classroom: ClassroomId;
  pupil: PupilId;
  name: string;
}

/** Call on a pupil and on the pupil's classroom. Without `pupil` a fair one is picked: of those who are present, one of those who were called on least, in the classroom or (without one) in all that are online. */
export interface CallPupil {
  type: 'call_pupil';
  id: number;
  classroom?: ClassroomId;
  pupil?: PupilId;
}

/** One pupil. Seats are counted from 1, from the front and from the left as the teacher looks; 0: no seat yet. */
export interface Pupil {
  id: PupilId;
  number: number;
  name: string;
  row: number;
  column: number;
  card: number;
  called: number;
}

/** A pupil was called on. It lasts until another one is, or until the classroom's call ends. */
export interface PupilCalled {
  kind: 'pupil_called';
  called: CalledPupil;
}

/** The pupils of a classroom in order of their numbers. */
export interface Roster {
  classroom: ClassroomId;
  pupils: readonly Pupil[];
  has_cards: boolean;
}

/** Private to the classroom: its roster, whole. */
export interface RosterSet {
  kind: 'roster_set';
  roster: Roster;
}

/** Say who of a classroom is absent: a local teacher of the own one. */
export interface SetAttendance {
  type: 'set_attendance';
  id: number;
  classroom: ClassroomId;
  absent: readonly PupilId[];
}

/** A piece of sound or film that belongs to the lesson: a file of its pack. */
export interface Clip {
  sha256: string;
  title: string;
  mime: string;
  duration_ms: number;
  bytes: number;
  url: string;
}

/** A clip is shown, at `position_ms` when the event happened; None: none is shown any longer. */
export interface ClipChanged {
  kind: 'clip_changed';
  clip: Clip | null;
  playing: boolean;
  position_ms: number;
}

/** The lesson has these clips now. */
export interface ClipsSet {
  kind: 'clips_set';
  clips: readonly Clip[];
}

/** Show a clip, and let it play or stand still. Without `position_ms` it goes on from where it is, from the beginning when it is another one or at its end. */
export interface SetClip {
  type: 'set_clip';
  id: number;
  clip?: string;
  playing?: boolean;
  position_ms?: number | null;
}

/** What is shown instead of the page, and where it is. */
export interface ShownClip {
  clip: Clip;
  playing: boolean;
  position_ms: number;
  at_t_ms: number;
}

/** A local teacher leads in the lecturer's place, or (None) no longer. */
export interface ActingChanged {
  kind: 'acting_changed';
  peer: PeerId | null;
}

/** A classroom was called on: everyone sees and hears it. None ends it. */
export interface CalledOn {
  kind: 'called_on';
  peer: PeerId | null;
}

/** A line of chat was said. */
export interface ChatAdded {
  kind: 'chat_added';
  line: ChatLine;
}

/** The lesson has another deck; the page is 1. */
export interface DeckChanged {
  kind: 'deck_changed';
  deck: Deck | null;
}

/** One numbered change of the room. `seq` grows by one. */
export interface Event {
  type: 'event';
  seq: number;
  t_ms: number;
  body: EventBody;
}

/** Many events at once, in order: what was missed, after `Resumed`. */
export interface Events {
  type: 'events';
  events: readonly Event[];
}

/** A classroom's hand went up or down. */
export interface HandChanged {
  kind: 'hand_changed';
  peer: PeerId;
  hand: boolean;
  hand_for: string;
}

/** Another lecturer leads now. */
export interface LeadChanged {
  kind: 'lead_changed';
  peer: PeerId | null;
}

/** Class is over. */
export interface LessonEnded {
  kind: 'lesson_ended';
}

/** Class has begun; recording begins. */
export interface LessonStarted {
  kind: 'lesson_started';
}

/** A source was muted or opened, by whom. */
export interface MuteChanged {
  kind: 'mute_changed';
  peer: PeerId;
  source: Source;
  muted: boolean;
  by: PeerId;
}

/** A seat's socket dropped or came back. */
export interface OnlineChanged {
  kind: 'online_changed';
  peer: PeerId;
  online: boolean;
}

/** The lesson is at this page. */
export interface PageTurned {
  kind: 'page_turned';
  page: number;
  title: string;
}

/** A new seat. */
export interface ParticipantJoined {
  kind: 'participant_joined';
  participant: Participant;
}

/** A seat is gone for good. */
export interface ParticipantLeft {
  kind: 'participant_left';
  peer: PeerId;
}

/** Recording runs or stands still. */
export interface RecordingChanged {
  kind: 'recording_changed';
  recording: boolean;
}

/** Media of this source is arriving. */
export interface SourcePublished {
  kind: 'source_published';
  peer: PeerId;
  source: Source;
}

/** Media of this source ended. */
export interface SourceUnpublished {
  kind: 'source_unpublished';
  peer: PeerId;
  source: Source;
}

/** Something happened that is not for the reader: it changes nothing that the reader may see. */
export interface Withheld {
  kind: 'withheld';
}

/** A moment of the lesson to find again: a chapter of the recording. */
export interface Mark {
  t_ms: number;
  peer: PeerId;
  name: string;
  label: string;
}

/** Somebody marked this moment. */
export interface Marked {
  kind: 'marked';
  mark: Mark;
}

/** Mark this moment, with a few words or none. */
export interface MarkMoment {
  type: 'mark_moment';
  id: number;
  label?: string;
}

/** Class works together, or in groups. */
export interface PhaseChanged {
  kind: 'phase_changed';
  phase: Phase;
}

/** Begin or end group work. */
export interface SetPhase {
  type: 'set_phase';
  id: number;
  phase: Phase;
}

/** Start a timer of `total_s`, stop or continue the present one (`total_s` None), or put it away (0). */
export interface SetTimer {
  type: 'set_timer';
  id: number;
  total_s?: number | null;
  run?: boolean;
}

/** A timer on every screen. It runs out at `ends_t_ms`, or stands still with `left_ms` to go. */
export interface Timer {
  total_ms: number;
  left_ms: number;
  ends_t_ms: number | null;
}

/** A timer runs, stands still, or (None) is put away. */
export interface TimerSet {
  kind: 'timer_set';
  timer: Timer | null;
}

/** Private to the teachers of the classroom: a line was written. */
export interface PrivateSaid {
  kind: 'private_said';
  classroom: ClassroomId;
  line: PrivateText;
}

/** A written line between lecturers and the local teachers of a classroom. */
export interface PrivateText {
  t_ms: number;
  classroom: ClassroomId;
  peer: PeerId;
  name: string;
  text: string;
}

/** Write to the other side. A lecturer names the classroom; a local teacher writes for the own one. */
export interface SayPrivately {
  type: 'say_privately';
  id: number;
  text: string;
  classroom?: ClassroomId;
}

/** Ring `peer` (a local teacher may leave it out: the lead is meant), accept the ringing call, or end it. */
export interface SetLine {
  type: 'set_line';
  id: number;
  act: LineAct;
  peer?: PeerId | null;
}

/** A call between a lecturer and a local teacher: it rings until the other one accepts. */
export interface VoiceLine {
  lecturer: PeerId;
  teacher: PeerId;
  caller: PeerId;
  is_open: boolean;
}

/** Two teachers ring, speak, or (None) have hung up. Everyone may know that the lecturer is busy. */
export interface VoiceLineChanged {
  kind: 'voice_line_changed';
  line: VoiceLine | null;
}

/** What one pupil answered; empty: nothing, or taken back. */
export interface Answer {
  pupil: PupilId;
  value: string;
}

/** The correct answer is said; empty: there is none to say. */
export interface AnswerRevealed {
  kind: 'answer_revealed';
  question: QuestionId;
  answer: string;
}

/** Private to the classroom: a batch of answers, by name. */
export interface AnswersGiven {
  kind: 'answers_given';
  question: QuestionId;
  classroom: ClassroomId;
  source: string;
  revision: number;
  answers: readonly Answer[];
  late: boolean;
}

/** The last batch that came from a device of a classroom. */
export interface AnswerSource {
  classroom: ClassroomId;
  source: string;
  revision: number;
}

/** A question and how far it is. */
export interface Asked {
  question: Question;
  stage: QuestionStage;
  asked_t_ms: number;
  tallies: readonly Tally[];
  answer: string;
  on_walls: boolean;
  photo: string;
  written: readonly Written[];
}

/** Ask. A question that was closed is put away by it; an open one must be closed first. */
export interface AskQuestion {
  type: 'ask_question';
  id: number;
  question: Question;
}

/** Collect no more answers. */
export interface CloseQuestion {
  type: 'close_question';
  id: number;
  question: QuestionId;
}

/** How many raised their hands for each option, without names; without options one number: who has an answer. It stands in place of answers by name until one of those comes again. `of`: how many pupils are there. */
export interface CountHands {
  type: 'count_hands';
  id: number;
  question: QuestionId;
  source: string;
  revision: number;
  counts: readonly number[];
  of: number;
  classroom?: ClassroomId;
}

/** Answers of pupils, by name: of the own classroom, or (a lecturer) of `classroom`. An empty value takes a pupil's answer back. `revision` grows by itself from 1 with each batch of `source`, which is random for each device, 8 to 32 letters and digits. */
export interface GiveAnswers {
  type: 'give_answers';
  id: number;
  question: QuestionId;
  source: string;
  revision: number;
  answers: readonly Answer[];
  classroom?: ClassroomId;
}

/** A question that is over, in short: all classrooms together. */
export interface PastQuestion {
  id: QuestionId;
  kind: QuestionKind;
  title: string;
  page: number;
  exit_ticket: boolean;
  prepared: string;
  answer: string;
  counts: readonly number[];
  answered: number;
  of: number;
}

/** Take the question from the screens; its results stay. */
export interface PutAway {
  type: 'put_away';
  id: number;
  question: QuestionId;
}

/** What is asked. True-or-false has no options; its letters are A (true) and B (false). */
export interface Question {
  id: QuestionId;
  kind: QuestionKind;
  title: string;
  options: readonly string[];
  page: number;
  exit_ticket: boolean;
  prepared: string;
}

/** A question is on; the one before it is away. */
export interface QuestionAsked {
  kind: 'question_asked';
  question: Question;
}

/** No more answers are collected. What a phone collected before may still arrive. */
export interface QuestionClosed {
  kind: 'question_closed';
  question: QuestionId;
}

/** The screens show the question no longer. */
export interface QuestionPutAway {
  kind: 'question_put_away';
  question: QuestionId;
}

/** All questions of a lesson so far. */
export interface Quiz {
  asked: readonly Asked[];
  past: readonly PastQuestion[];
  sheets: readonly Sheet[];
  sources: readonly AnswerSource[];
}

/** What the walls show of the answers: the tallies or not, a pupil's photo or none. */
export interface ResultsShown {
  kind: 'results_shown';
  question: QuestionId;
  on_walls: boolean;
  photo: string;
  written: readonly Written[];
}

/** Say the correct answer to everybody, and close the question if it is open. */
export interface RevealAnswer {
  type: 'reveal_answer';
  id: number;
  question: QuestionId;
  answer?: string;
}

/** Who of a classroom answered what. */
export interface Sheet {
  question: QuestionId;
  classroom: ClassroomId;
  answers: readonly Answer[];
}

/** Show the results on the walls or not, and one pupil's photo or none. What pupils wrote stands there once no more answers are collected: nobody shall copy from the wall. */
export interface ShowResults {
  type: 'show_results';
  id: number;
  question: QuestionId;
  on_walls: boolean;
  photo?: string;
}

/** How a classroom answered, in numbers. */
export interface Tally {
  classroom: ClassroomId;
  counts: readonly number[];
  answered: number;
  of: number;
  by_hands: boolean;
}

/** The counts of these classrooms, whole; those of others are as before. */
export interface TallyChanged {
  kind: 'tally_changed';
  question: QuestionId;
  tallies: readonly Tally[];
}

/** A number or a text that pupils gave as answer, and how many of them; without names. */
export interface Written {
  value: string;
  count: number;
}

/** Pause the recording, or go on with it. */
export interface PauseRecording {
  type: 'pause_recording';
  id: number;
  paused: boolean;
}

/** From here on no picture and no sound is recorded, or (False) they are again. */
export interface RecordingPaused {
  kind: 'recording_paused';
  paused: boolean;
  by: PeerId;
}

/** The server closes this socket. `code` as in docs/errors.md (replaced, lesson_ended, too_slow, shutdown). */
export interface Bye {
  type: 'bye';
  code: string;
  detail: string;
}

/** Notice: what the own classroom, or its local teacher, said by `CatchUp`. */
export interface CatchUpTold {
  type: 'catch_up_told';
  act: CatchUpAct;
  missed_s: number;
}

/** Notice: which layers of your source somebody takes now, poorest first. The others need not be encoded. Until it is told, all are taken; that holds again after a `MediaReset` and after a `Welcome`. */
export interface Encodings {
  type: 'encodings';
  source: Source;
  rids: readonly string[];
}

/** The request `id` failed (0: no request). `fatal` errors are followed by a close. */
export interface Error {
  type: 'error';
  id: number;
  code: string;
  detail: string;
  fatal: boolean;
}

/** How one participant's way to the server is. */
export interface Link {
  peer: PeerId;
  rung: Rung;
  rtt_ms: number;
  loss_pct: number;
  down_bps: number;
  audio_ok: boolean;
  path: MediaPath | 'none';
  uplink_loss_pct: number;
  state: LinkState;
  limited: boolean;
  bytes_down: number;
}

/** Notice, at most every 2 s: how links are now, all of them to those who may see them, else one's own. The first on a socket is `whole`; the others tell what changed: they replace the links of the same peers. */
export interface Links {
  type: 'links';
  links: readonly Link[];
  whole: boolean;
  gone: readonly PeerId[];
}

/** Notice: the media path was lost on the server's side. Make both connections anew. */
export interface MediaReset {
  type: 'media_reset';
}

/** The request `id` was carried out. */
export interface Ok {
  type: 'ok';
  id: number;
}

/** The answer to `Ping`, with the same `n`. */
export interface Pong {
  type: 'pong';
  n: number;
  t_ms: number;
}

/** The answer to `Publish`. */
export interface PublishAnswer {
  type: 'publish_answer';
  id: number;
  sdp: string;
}

/** Notice: the server has not heard this connection for a while; restart ICE on it. */
export interface RestartIce {
  type: 'restart_ice';
  connection: 'publish' | 'subscribe';
}

/** Your seat was kept; the events after your `last_seq` follow as `Event`s. Media goes on by itself. */
export interface Resumed {
  type: 'resumed';
  you: PeerId;
  resume: string;
  resume_s: number;
  seq: number;
}

/** What a slot shows. `paused`: the picture stands still, because of the link or because nobody sends. */
export interface SlotFill {
  slot: string;
  peer: PeerId | null;
  source: Source | null;
  height: number;
  paused: boolean;
}

/** Which slot a media description of the server's offer carries. */
export interface SlotLine {
  mid: string;
  slot: string;
  kind: 'audio' | 'video';
}

/** Notice: what your slots show now, all of them. */
export interface Slots {
  type: 'slots';
  slots: readonly SlotFill[];
}

/** The answer to `Subscribe`: answer it with `SubscribeAnswer`. */
export interface SubscribeOffer {
  type: 'subscribe_offer';
  id: number;
  sdp: string;
  slots: readonly SlotLine[];
}

/** You are in. `resume` brings this seat back after a drop, for `resume_s` seconds. */
export interface Welcome {
  type: 'welcome';
  you: PeerId;
  role: Role;
  capabilities: readonly string[];
  resume: string;
  resume_s: number;
  snapshot: Snapshot;
}

/** Call on a classroom, or end it with None. */
export interface CallOn {
  type: 'call_on';
  id: number;
  peer: PeerId | null;
}

/** Catching up on the classroom's wall, between the wall and the phones beside it. A classroom says what it offers (`offered`, with how long it was away), that a replay is `running`, or `none`; its local teacher asks it to `start` or `stop` one. Nobody else is told, and nothing is logged. */
export interface CatchUp {
  type: 'catch_up';
  id: number;
  act: CatchUpAct;
  missed_s?: number;
}

/** End class for everyone. */
export interface EndLesson {
  type: 'end_lesson';
  id: number;
}

/** Stop acting for the lecturer. */
export interface GiveBack {
  type: 'give_back';
  id: number;
}

/** The first message of every socket. */
export interface Hello {
  type: 'hello';
  version: number;
  token: string;
  resume?: string;
  last_seq?: number;
  inflates?: boolean;
}

/** Give the seat up at once instead of keeping it for a resume. */
export interface Leave {
  type: 'leave';
  id: number;
}

/** The picture in this slot is shown no higher than this (0: hidden, do not send). */
export interface LimitSlot {
  type: 'limit_slot';
  id: number;
  slot: string;
  max_height: number;
}

/** Sent every 5 s by the client; the server closes a socket that was silent for 15 s. */
export interface Ping {
  type: 'ping';
  n: number;
}

/** Offer the sending peer connection; again with new ICE credentials for an ICE restart. */
export interface Publish {
  type: 'publish';
  id: number;
  sdp: string;
  sources: readonly SourceLine[];
}

/** Told about every 10 s, and once more when the page closes: how the lesson has played since the page was loaded. All figures grow from 0 with the page; a reload begins a new `session`. It has no answer; one that cannot be true is ignored. `watched_ms` runs from the first presented frame to now, in which `video_stall_ms` is time in gaps between presented frames longer than 500 ms while a picture was due, and `paused_ms` time in which the server sent no large picture on purpose. `audio_ms` and `audio_concealed_ms` are all and concealed samples of the voices. */
export interface ReportPlayback {
  type: 'report_playback';
  session: string;
  watched_ms: number;
  video_stall_ms: number;
  paused_ms: number;
  audio_ms: number;
  audio_concealed_ms: number;
  received_bytes: number;
  path?: MediaPath;
  height?: number;
}

/** Say a line in the chat: 1..500 characters. */
export interface Say {
  type: 'say';
  id: number;
  text: string;
}

/** Raise or lower the classroom's hand. A local teacher raises that of the own classroom. */
export interface SetHand {
  type: 'set_hand';
  id: number;
  hand: boolean;
  hand_for?: string;
  peer?: PeerId | null;
}

/** Mute or open a source: one's own, or with the capability another's. */
export interface SetMute {
  type: 'set_mute';
  id: number;
  peer: PeerId;
  source: Source;
  muted: boolean;
}

/** A source of the sending connection starts or stops (replaceTrack): no renegotiation. */
export interface SetSource {
  type: 'set_source';
  id: number;
  source: Source;
  active: boolean;
}

/** Which source a media description (RFC 8843 mid) of the client's offer carries. */
export interface SourceLine {
  mid: string;
  source: Source;
}

/** Begin class. */
export interface StartLesson {
  type: 'start_lesson';
  id: number;
}

/** Ask for the receiving connection's offer. `restart` keeps the connection and renews its ICE credentials. */
export interface Subscribe {
  type: 'subscribe';
  id: number;
  restart?: boolean;
  tiles?: number;
  video?: boolean;
}

/** The client's answer to `SubscribeOffer`. */
export interface SubscribeAnswer {
  type: 'subscribe_answer';
  id: number;
  sdp: string;
}

/** Become the lecturer that everyone sees. */
export interface TakeLead {
  type: 'take_lead';
  id: number;
}

/** Act for the lecturer, in the place of another local teacher or of nobody; refused while a lecturer is there. */
export interface TakeOver {
  type: 'take_over';
  id: number;
}

/** Go to a page, from 1. */
export interface TurnPage {
  type: 'turn_page';
  id: number;
  page: number;
}

/** The segments, and where class is in them. */
export interface Course {
  segments: readonly Segment[];
  current: string;
  spent_ms: readonly number[];
  since_t_ms: number | null;
}

/** The lesson has these segments now; none: it is taught without a plan. */
export interface CourseSet {
  kind: 'course_set';
  segments: readonly Segment[];
}

/** Go on with a segment; one with a page of its own turns to it. */
export interface MoveSegment {
  type: 'move_segment';
  id: number;
  segment: string;
}

/** A step of the plan's teaching process. */
export interface Segment {
  id: string;
  title: string;
  minutes: number;
  leader: SegmentLeader;
  page: number;
}

/** Class goes on with this segment, said by hand. */
export interface SegmentMoved {
  kind: 'segment_moved';
  segment: string;
}

/** A line of chat. */
export interface ChatLine {
  t_ms: number;
  peer: PeerId;
  name: string;
  school: string;
  text: string;
}

/** The pages of the lesson. Page n (from 1) is fetched at `page_url` with `{page}` replaced. When there are `widths`, `&w=` and one of them follow: the smallest that is not smaller than the longer side of the page where it is shown, in pixels of the screen. Without, the page is a drawing that is sharp at any size. */
export interface Deck {
  id: string;
  title: string;
  pages: number;
  page_url: string;
  titles: readonly string[];
  widths: readonly number[];
  ratios: readonly number[];
}

/** What the lesson is. */
export interface LessonInfo {
  id: string;
  title: string;
  subject: string;
  lecturer_school: string;
  planned_minutes: number;
  state: LessonState;
  started_t_ms: number | null;
  ended_t_ms: number | null;
  paired_school: string;
  kind: RoomKind;
}

/** One seat in the room. A seat whose socket dropped stays with `online=False` until its resume time is over. */
export interface Participant {
  peer: PeerId;
  role: Role;
  name: string;
  school: string;
  classroom: string | null;
  online: boolean;
  hand: boolean;
  hand_for: string;
  sources: readonly SourceInfo[];
}

/** The whole state of a room after the event `seq`. */
export interface Snapshot {
  seq: number;
  t_ms: number;
  lesson: LessonInfo;
  deck: Deck | null;
  page: number;
  participants: readonly Participant[];
  lead: PeerId | null;
  called_on: PeerId | null;
  chat: readonly ChatLine[];
  recording: boolean;
  recording_paused_t_ms: number | null;
  acting: PeerId | null;
  rosters: readonly Roster[];
  absences: readonly Absence[];
  private_lines: readonly PrivateText[];
  voice_line: VoiceLine | null;
  called: readonly CalledPupil[];
  called_pupil: CalledPupil | null;
  phase: Phase;
  timer: Timer | null;
  marks: readonly Mark[];
  quiz: Quiz;
  clips: readonly Clip[];
  clip: ShownClip | null;
  course: Course | null;
  board: Board;
}

/** A published source of a participant. */
export interface SourceInfo {
  source: Source;
  muted: boolean;
}

/** From a phone: how the own classroom's wall should be. From the wall: how it is. */
export interface ControlWall {
  type: 'control_wall';
  id: number;
  layout?: WallLayout;
  volume?: number;
}

/** Notice: what the other side said by `ControlWall`. */
export interface WallTold {
  type: 'wall_told';
  layout: WallLayout;
  volume: number;
}

export type EventBody =
  | ParticipantJoined
  | ParticipantLeft
  | OnlineChanged
  | SourcePublished
  | SourceUnpublished
  | MuteChanged
  | HandChanged
  | CalledOn
  | LeadChanged
  | ChatAdded
  | PageTurned
  | DeckChanged
  | LessonStarted
  | LessonEnded
  | RecordingChanged
  | RecordingPaused
  | ActingChanged
  | RosterSet
  | AttendanceSet
  | PupilCalled
  | PrivateSaid
  | VoiceLineChanged
  | PhaseChanged
  | TimerSet
  | Marked
  | ClipsSet
  | ClipChanged
  | CourseSet
  | SegmentMoved
  | QuestionAsked
  | QuestionClosed
  | AnswerRevealed
  | ResultsShown
  | QuestionPutAway
  | TallyChanged
  | AnswersGiven
  | AuthorKnown
  | WritersChanged
  | BoardShown
  | BoardMoved
  | InkAdded
  | InkRemoved
  | InkRestored
  | InkCleared
  | Withheld;

export type ClientMessage =
  | Hello
  | Ping
  | Publish
  | SetSource
  | Subscribe
  | SubscribeAnswer
  | LimitSlot
  | SetMute
  | SetHand
  | CallOn
  | TakeLead
  | Say
  | TurnPage
  | CatchUp
  | ControlWall
  | SetAttendance
  | CallPupil
  | SayPrivately
  | SetLine
  | SetPhase
  | SetTimer
  | MarkMoment
  | PauseRecording
  | SetClip
  | MoveSegment
  | TakeOver
  | GiveBack
  | AskQuestion
  | CloseQuestion
  | RevealAnswer
  | ShowResults
  | PutAway
  | GiveAnswers
  | CountHands
  | StartLesson
  | EndLesson
  | Leave
  | AddInk
  | RemoveInk
  | RestoreInk
  | ClearInk
  | ShowBoard
  | MoveBoard
  | AllowWriting
  | AskBoard
  | ReportPlayback;

export type ServerMessage =
  | Welcome
  | Resumed
  | Pong
  | Ok
  | Error
  | Event
  | Events
  | PublishAnswer
  | SubscribeOffer
  | Slots
  | Links
  | CatchUpTold
  | WallTold
  | BoardPart
  | InkRefused
  | MediaReset
  | RestartIce
  | Encodings
  | Bye;
