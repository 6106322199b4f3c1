import { z } from 'zod'
import { isOfOneAlphabet, ONE_ALPHABET } from '#src/resource/kinds/alphabets.ts'
import { shownLine } from '#src/resource/kinds/lines.ts'

/** How names and addresses are stored and looked up: one form for all their spellings. */
export const normalised = (text: string) => text.normalize('NFKC').trim().toLowerCase()

/** What mail programs make a link of: `https://…`, `www.…`, `ada@example`, `example.com`, `192.0.2.1`. */
const ADDRESS =
  /:\/\/|\bwww\.|\S@\S|[\p{L}\p{M}\p{N}][.。]\p{L}[\p{L}\p{M}\p{N}-]*[\p{L}\p{M}\p{N}]|\d+(\.\d+){3}/iu

/** A name that others read, in mails too: all of it can be seen, and none of it leads anywhere. */
export const nameLine = (most: number) =>
  shownLine(most).refine(
    (name) => !ADDRESS.test(name.normalize('NFKC')),
    'Use a name that doesn’t look like a web or e-mail address; put a space after each dot',
  )

export const personName = nameLine(100)

/** Letters of Cyrillic, Greek and Armenian that look like Latin ones: of these alone, it is another's name to the eye. */
const LOOKS_LATIN = /^(?=.*\p{L})[асԁеһіјӏорԛѕѵԝхуүοαιρνυγσκօոսհցզյ0-9._-]*$/u

/** What stands beside ids in paths, and what looks like one. */
const RESERVED = /^(bulk|facets|import|imports|me|new|options|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$/

export const username = z
  .string('Enter a user name')
  .transform(normalised)
  .pipe(
    z
      .string()
      .min(1, 'Enter a user name')
      .max(64)
      .regex(/^[\p{L}0-9][\p{L}0-9._-]*$/u, {
        error: 'Use letters, digits, dots, dashes and underscores; start with a letter or digit',
        abort: true,
      })
      .refine(isOfOneAlphabet, ONE_ALPHABET)
      .refine((name) => !LOOKS_LATIN.test(name), 'Use Latin letters instead of ones that look like them')
      .refine((name) => !RESERVED.test(name), 'Choose a different user name; this one is reserved'),
  )

export const email = z
  .string('Enter an e-mail address')
  .transform(normalised)
  .pipe(z.string().min(1, 'Enter an e-mail address').max(254).pipe(z.email()))

/** Refused before hashing, never cut. The rules themselves are settings. */
export const password = z.string().max(1000)

/** Of the app of a second factor, or a recovery code. */
export const code = z.string().trim().max(100)

/** A form that was refused, which comes again afterwards. */
export const kept = z.string().optional()
