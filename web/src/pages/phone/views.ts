/** What the lower part of the phone shows. */
export type PhoneView = 'home' | 'chat' | 'list' | 'line' | 'wall' | 'question' | 'write' | 'clips';
