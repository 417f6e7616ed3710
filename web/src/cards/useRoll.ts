/** The roll of one question: what pictures and thumbs say, what was handed over, and what waits for the line. */
import { computed, onBeforeUnmount, onMounted, ref, shallowRef, triggerRef, watch } from 'vue';
import type { Letter } from './codes';
import { hintOf, type Hint } from './hints';
import { loadKept, saveKept } from './kept';
import type { Look } from './reader.worker';
import { changesOf, rollOf, strangers, type CardPupil, type Change, type Given } from './roll';
import { CardVotes } from './votes';

/** Answers leave together: the first pictures read most of a class within a second. */
const GATHER_MS = 700;
const STRANGER_LOOKS = 3; // a card of another class is told when it was read in that many pictures

export interface RollProps {
  pupils: readonly CardPupil[];
  choices: number;
  given: Given;
  online: boolean;
  keep: string;
}

export function useRoll(props: RollProps, handOver: (changes: Change[]) => void) {
  const votes = shallowRef(new CardVotes());
  const byHand = ref(new Map<string, Letter | ''>());
  const kept = shallowRef<Record<string, Letter>>({});
  const sent = new Map<string, Letter | ''>();
  const hint = shallowRef<Hint | null>(null);
  const strangeLooks = new Map<number, number>();
  const strange = shallowRef<number[]>([]);
  let gathering: ReturnType<typeof setTimeout> | null = null;

  const given = computed(() => new Map<string, Letter | ''>(Object.entries(props.given)));
  const rows = computed(() =>
    rollOf(props.pupils, {
      standing: (card) => votes.value.of(card),
      byHand: byHand.value,
      given: { ...props.given, ...kept.value },
      choices: props.choices,
    }),
  );
  const doubt = computed(() => rows.value.filter((row) => row.doubt !== null));
  const done = computed(() => rows.value.filter((row) => row.doubt === null && row.by !== null));
  const missing = computed(() => rows.value.filter((row) => row.doubt === null && row.by === null));
  /** What the lesson does not have yet. */
  const waiting = computed(() => changesOf(rows.value, given.value));

  function take(look: Look, nowMs: number): void {
    hint.value = hintOf(look.sightings, look.brightness);
    const moved = votes.value.see(look.sightings, nowMs);
    noteStrangers(look);
    if (moved.length > 0) changed();
  }

  function noteStrangers(look: Look): void {
    const read = look.sightings.filter((one) => one.state === 'read').map((one) => one.card);
    for (const card of strangers(read, props.pupils))
      strangeLooks.set(card, (strangeLooks.get(card) ?? 0) + 1);
    const told = [...strangeLooks].filter(([, looks]) => looks >= STRANGER_LOOKS).map(([card]) => card);
    if (told.length !== strange.value.length) strange.value = told.sort((a, b) => a - b);
  }

  function set(pupil: string, choice: Letter | '' | null): void {
    if (choice === null) byHand.value.delete(pupil);
    else byHand.value.set(pupil, choice);
    changed();
  }

  function changed(): void {
    triggerRef(votes);
    if (props.keep) saveKept(props.keep, asMap(waiting.value), Date.now());
    gathering ??= setTimeout(flush, GATHER_MS);
  }

  /** Hand over what was not handed over yet, when there is a line. */
  function flush(): void {
    if (gathering !== null) clearTimeout(gathering);
    gathering = null;
    if (!props.online) return;
    const changes = changesOf(rows.value, new Map([...given.value, ...sent]));
    for (const { pupil, choice } of changes) sent.set(pupil, choice);
    if (changes.length > 0) handOver(changes);
  }

  watch(
    () => props.online,
    (online) => {
      if (!online) return;
      sent.clear(); // what left before the line went may not have arrived; the same twice does no harm
      flush();
    },
  );
  watch(given, () => {
    if (props.keep) saveKept(props.keep, asMap(waiting.value), Date.now());
  });
  onMounted(() => {
    if (!props.keep) return;
    for (const [pupil, choice] of loadKept(props.keep, Date.now())) {
      if (choice === '') byHand.value.set(pupil, choice);
      else kept.value = { ...kept.value, [pupil]: choice };
    }
    flush();
  });
  onBeforeUnmount(flush);

  return { votes, rows, doubt, done, missing, waiting, hint, strange, take, set, flush };
}

function asMap(changes: readonly Change[]): Map<string, Letter | ''> {
  return new Map(changes.map(({ pupil, choice }) => [pupil, choice]));
}
