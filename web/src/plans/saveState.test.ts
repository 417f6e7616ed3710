import { describe, expect, it } from 'vitest';
import { saveWord, wouldLose } from './saveState';

const online = {
  connection: 'online',
  reason: '',
  unsaved: 0,
  readOnly: false,
  isMarked: false,
  synced: true,
} as const;

describe('what is said of saving', () => {
  it.each([
    [{}, 'saved'],
    [{ unsaved: 2 }, 'saving'],
    [{ synced: false }, 'opening'],
    [{ readOnly: true }, 'readOnly'],
    [{ connection: 'offline', unsaved: 3 }, 'offlineOpen'],
    [{ connection: 'offline' }, 'offlineOpen'],
    [{ connection: 'offline', isMarked: true, unsaved: 3 }, 'offlineKept'],
    [{ connection: 'offline', isMarked: true, synced: false }, 'offlineKept'],
    [{ connection: 'offline', readOnly: true }, 'offline'],
    [{ connection: 'offline', synced: false }, 'offline'],
    [{ connection: 'connecting', synced: false }, 'opening'],
    [{ connection: 'connecting' }, 'saved'],
    [{ connection: 'connecting', unsaved: 1 }, 'offlineOpen'],
    [{ connection: 'offline', reason: 'disk_full', unsaved: 1 }, 'diskFull'],
    [{ connection: 'offline', reason: 'disk_full', isMarked: true }, 'diskFull'],
    [{ connection: 'connecting', reason: 'disk_full', unsaved: 1 }, 'diskFull'],
    [{ connection: 'connecting', reason: 'disk_full' }, 'saved'],
    [{ connection: 'signed_out', unsaved: 1 }, 'signedOut'],
    [{ connection: 'signed_out', reason: 'other_person', unsaved: 1 }, 'otherPerson'],
    [{ connection: 'refused' }, 'refused'],
  ] as const)('%o: %s', (change, word) => {
    expect(saveWord({ ...online, ...change })).toBe(word);
  });

  it('warns of leaving only when nothing else holds the words', () => {
    expect(wouldLose(online)).toBe(false);
    expect(wouldLose({ ...online, unsaved: 1 })).toBe(true);
    expect(wouldLose({ ...online, unsaved: 1, isMarked: true })).toBe(false);
  });
});
