/** Finding among recordings. Pure. */

/** Return whether a recording has `text` in what people look for it by; every word must be found. */
export function matches(
  recording: { title: string; subject: string; lecturer: { name: string }; school: { name: string } },
  text: string,
): boolean {
  const { title, subject, lecturer, school } = recording;
  const all = [title, subject, lecturer.name, school.name].join(' ').toLowerCase();
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => all.includes(word));
}
