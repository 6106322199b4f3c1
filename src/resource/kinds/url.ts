import { z } from 'zod'
import {
  asText,
  type Column,
  column,
  type Given,
  inputOf,
  type Kind,
  orNothing,
} from '#src/resource/kinds/column.ts'

const kind: Kind = {
  name: 'url',
  type: 'text',
  filter: () => ({ kind: 'text' }),
  text: true,
  example: () => 'https://www.example.com',
  cell: asText,
  control: inputOf('url'),
}

const URL_WORDS = 'Enter an address that starts with https://'

function isSecure(text: string): boolean {
  const address = URL.parse(text)
  return address?.protocol === 'https:' && address.hostname.includes('.') && !/\s/.test(text)
}

/** An https URL, or null. */
export function url(label: string, given: Given = {}): Column {
  const address = z.string(URL_WORDS).trim().max(2000).refine(isSecure, URL_WORDS)
  const input = given.required ? address : orNothing(address, URL_WORDS)
  return column(kind, label, { output: z.string().nullable(), initial: null, input }, given)
}
