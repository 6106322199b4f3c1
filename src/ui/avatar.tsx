import { html, type Markup } from '#src/ui/html.ts'

/** Decorative, beside a name or in a labelled button; the initials are drawn by CSS. */
export function Avatar({ name, size = 'm' }: { name: string; size?: 's' | 'm' | 'l' }): Markup {
  return html`<span class="avatar ${size} tint-${tint(name)}" data-initials="${initials(name)}" aria-hidden="true"></span>`
}

const initials = (name: string) => {
  const words = name.trim().split(/\s+/)
  const last = words.length > 1 ? words.at(-1) : ''
  return (first(words[0]) + first(last)).toUpperCase()
}

const first = (word = '') => String.fromCodePoint(word.codePointAt(0) ?? 63).replace('?', '')

/** The same person has the same colour everywhere. */
const tint = (name: string) => {
  let sum = 0
  for (let i = 0; i < name.length; i++) sum = (sum * 31 + name.charCodeAt(i)) % 6007
  return sum % 6
}
