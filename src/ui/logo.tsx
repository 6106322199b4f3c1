import { type Markup, raw } from '#src/ui/html.ts'

const drawing = raw(
  '<svg class="logo" viewBox="0 0 32 32" aria-hidden="true">' +
    '<path d="M27.1 19.6A11.7 11.7 0 1 1 19.6 4.9"/><circle cx="16" cy="16" r="4"/><circle cx="26.3" cy="10.4" r="2.2"/></svg>',
)

/** A boundary, somebody within it, and the gate. */
export function Logo(): Markup {
  return drawing
}
