import { z } from 'zod'
import { hasWordsOfOneAlphabet, ONE_ALPHABET } from '#src/resource/kinds/alphabets.ts'

/** One line without control characters, trimmed. */
export const anyLine = (most: number) =>
  z
    .string()
    .trim()
    .max(most)
    .regex(/^\P{Cc}*$/u, 'Remove the control character')

/**
 * Bidi controls that would reverse the text around a value. The three marks used to type Hebrew and Arabic are allowed:
 * they are isolated like letters.
 */
const TURNS = /[\p{Bidi_Control}--[\u061c\u200e\u200f]]/v
const straight = [
  (text: string) => !TURNS.test(text),
  'Remove the character that changes the direction of text',
] as const

/** One line of free text. */
export const line = (most: number) => anyLine(most).refine(...straight)

/** Several lines of free text. */
export const lines = (most: number) =>
  z
    .string()
    .transform((text) => text.replaceAll('\r\n', '\n').trim())
    .pipe(
      z
        .string()
        .max(most)
        .regex(/^(\P{Cc}|[\n\t])*$/u, 'Remove the control character')
        .refine(...straight),
    )

const UNSEEN = /[\p{Cf}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/u
/**
 * Where an otherwise invisible character matters: within an emoji, and two of them shape Persian or Hindi letters;
 * between Latin letters they would only make two names look alike.
 */
const SEEN =
  /\p{RGI_Emoji}|(?<=[[\p{L}\p{M}]--[\p{sc=Latn}\p{sc=Grek}\p{sc=Cyrl}]])[\u200c\u200d](?=[\p{L}\p{M}])/gv

/** A character visible by itself: not a combining mark, nor the kashida that stretches letters. */
const BASE = /(?!\u0640)[\p{L}\p{N}\p{P}\p{S}]/u

/** A name: fully visible, and with no letters that imitate another alphabet’s. */
export const shownLine = (most: number) =>
  anyLine(most)
    .refine((name) => !UNSEEN.test(name.replace(SEEN, '')), 'Remove the character that can’t be seen')
    .refine((name) => name === '' || BASE.test(name), 'Use at least one letter, digit or sign')
    .refine(hasWordsOfOneAlphabet, ONE_ALPHABET)
