import { type Markup, raw } from '#src/ui/html.ts'
import { type IconName, icons } from '#src/ui/icons.ts'

export type { IconName }

const drawn = new Map<string, Markup>()

/** Decorative: the words beside it, or the label of its button, carry the meaning. */
export function Icon({ name }: { name: IconName | (string & {}) }): Markup {
  const known = Object.hasOwn(icons, name) ? (name as IconName) : 'circle'
  let icon = drawn.get(known)
  if (!icon) {
    icon = raw(`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">${icons[known]}</svg>`)
    drawn.set(known, icon)
  }
  return icon
}
