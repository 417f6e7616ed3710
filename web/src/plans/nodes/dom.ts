/** Return an element with its class, text and attributes. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  name: string,
  text = '',
  attributes: Readonly<Record<string, string>> = {},
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  if (name) made.className = name;
  if (text) made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

/** Return a button of one word that does one thing. */
export function button(name: string, text: string, label: string, act: () => void): HTMLButtonElement {
  const made = element('button', name, text, { type: 'button', 'aria-label': label, title: label });
  made.addEventListener('click', act);
  return made;
}
