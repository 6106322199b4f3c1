import { html, type Markup } from '#src/ui/html.ts'
import { Icon } from '#src/ui/icon.tsx'

export interface PaletteEntry {
  title: string
  hint: string | null
  icon: string
  href: string
}

/** A field that asks the page of the palette; js/palette.js asks it while one types. */
export function PaletteField({ action, q, dialog }: { action: string; q: string; dialog?: boolean }): Markup {
  const id = dialog ? 'palette-q' : 'q'
  const combobox = dialog
    ? html` role="combobox" aria-expanded="false" aria-controls="palette-list" aria-autocomplete="list"`
    : null
  return html`<search><form class="palette-field" method="get" action="${action}">${Icon({ name: 'search' })}<label class="unseen" for="${id}">Search or jump to</label><input id="${id}"${combobox} name="q" value="${q}" placeholder="Search or jump to…" autocomplete="off" autocapitalize="none" spellcheck="false" enterkeyhint="go" maxlength="200"><button type="submit" class="button plain without-script">Search</button></form></search>`
}

/** Links under headings: what js/palette.js shows as the choices of its field. */
export function PaletteResults({
  sections,
}: {
  sections: readonly { title: string; entries: readonly PaletteEntry[] }[]
}): Markup {
  return html`<div id="palette-results" class="palette-results">${sections
    .filter(({ entries }) => entries.length)
    .map(
      ({ title, entries }, i) =>
        html`<section aria-labelledby="palette-${i}"><h2 id="palette-${i}">${title}</h2>${entries.map(
          ({ title, hint, icon, href }) =>
            html`<a href="${href}">${Icon({ name: icon })}<span>${title}</span>${
              hint ? html`<small>${hint}</small>` : null
            }</a>`,
        )}</section>`,
    )}</div>`
}

/** Stands on every page; opened by Ctrl-K, Cmd-K or its link in the bar. */
export function PaletteDialog({ action }: { action: string }): Markup {
  return html`<dialog id="palette" class="palette" closedby="any" aria-label="Search or jump to">${PaletteField({ action, q: '', dialog: true })}<div id="palette-list" class="palette-results" role="listbox" aria-label="Results" hidden></div><p class="palette-status" role="status"></p></dialog>`
}
