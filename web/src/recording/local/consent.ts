/** What was answered to the question whether this browser may record itself, a lesson each. */
export type Answer = 'yes' | 'no' | '';

const key = (lesson: string): string => `tongtang.local-recording.${lesson}`;

export function answerFor(lesson: string): Answer {
  const stored = localStorage.getItem(key(lesson));
  return stored === 'yes' || stored === 'no' ? stored : '';
}

export function keepAnswer(lesson: string, answer: Answer): void {
  try {
    localStorage.setItem(key(lesson), answer);
  } catch {
    // A full or forbidden store: it is asked again after a reload.
  }
}
