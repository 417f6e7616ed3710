/** Atoms within a line that point elsewhere: a resource of the library, a page of a deck, a person. */
import { mergeAttributes, Node } from '@tiptap/core';
import { t } from '@/i18n';
import { whole, words } from './attributes';

const plain = (name: string, otherwise: unknown = '') => ({
  default: otherwise,
  parseHTML: (found: HTMLElement) => found.getAttribute(`data-${name}`) ?? otherwise,
  renderHTML: (attrs: Record<string, unknown>) =>
    attrs[name] === null ? {} : { [`data-${name}`]: attrs[name] },
});

/** Else what is pasted would be read as text with a link: 50 is what marks have. */
const BEFORE_LINKS = 60;

const isOurs = (address: string): boolean => address.startsWith('/') && !address.startsWith('//');

/** Return the address within our own site, whatever the document says. */
const own = (...parts: readonly string[]): string => `/${parts.map(encodeURIComponent).join('/')}`;

export const LibraryLink = Node.create({
  name: 'libraryLink',
  group: 'inline',
  inline: true,
  atom: true,
  addAttributes: () => ({ resource: plain('resource'), title: plain('title') }),
  parseHTML: () => [{ tag: 'a[data-resource]', priority: BEFORE_LINKS }],
  renderHTML({ node, HTMLAttributes }) {
    const href = own('resources', words(node.attrs.resource));
    const title = words(node.attrs.title) || t('plans.link.resource');
    const attributes = { href, class: 'link link--resource', target: '_blank', rel: 'noopener' };
    return ['a', mergeAttributes(HTMLAttributes, attributes), title];
  },
  renderText: ({ node }) => words(node.attrs.title),
});

export const PageLink = Node.create({
  name: 'pageLink',
  group: 'inline',
  inline: true,
  atom: true,
  addAttributes: () => ({
    ...{ deck: plain('deck'), page: plain('page', 1), title: plain('title') },
    // The page's picture among those of the plan, which everybody who reads the plan may see.
    src: plain('src', null),
  }),
  parseHTML: () => [{ tag: '[data-deck]', priority: BEFORE_LINKS }],
  renderHTML({ node, HTMLAttributes }) {
    const page = whole(node.attrs.page, 1, 1);
    const src = words(node.attrs.src);
    const href = isOurs(src)
      ? src
      : `${own('api', 'decks', words(node.attrs.deck), 'pages', String(page))}?w=1280`;
    const label = t('plans.link.page', { title: words(node.attrs.title), page });
    const attributes = { href, class: 'link link--page', target: '_blank', rel: 'noopener' };
    return ['a', mergeAttributes(HTMLAttributes, attributes), label];
  },
  renderText: ({ node }) => words(node.attrs.title),
});

export const Mention = Node.create({
  name: 'mention',
  group: 'inline',
  inline: true,
  atom: true,
  addAttributes: () => ({ person: plain('person'), name: plain('name') }),
  parseHTML: () => [{ tag: 'span[data-person]' }],
  renderHTML: ({ node, HTMLAttributes }) => [
    'span',
    mergeAttributes(HTMLAttributes, { class: 'link link--person' }),
    `@${words(node.attrs.name)}`,
  ],
  renderText: ({ node }) => `@${words(node.attrs.name)}`,
});
