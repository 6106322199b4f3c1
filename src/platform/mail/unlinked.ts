import { oneLine } from '#src/platform/mail/document.ts'

/**
 * A name that somebody chose, so that no mail program makes a link of it: the dot of one character reads the same, and
 * is a dot again where a user name is typed to sign in.
 */
export const unlinked = (name: string) =>
  oneLine(name.normalize('NFKC'))
    .replaceAll('://', ' ')
    .replaceAll('@', ' at ')
    .replace(/(?<=\S)[.。](?=\S)/gu, '\u2024')
