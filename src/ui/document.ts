import type { Frame } from '#src/ui/frame.ts'
import { type Child, html, type Markup, raw } from '#src/ui/html.ts'

// Its own indicator style would be a second place for looks; everything else as htmx has it.
const htmxConfig = '{"includeIndicatorCSS":false,"defaultTimeout":30000}'

export function Document({ frame, title, body }: { frame: Frame; title: string; body: Child }): Markup {
  const { asset, nonce, theme, clock } = frame
  return html`<!doctype html>
<html lang="en" data-theme="${theme}"${frame.person ? html` data-zone="${clock.zone}" data-locale="${clock.locale}"` : null}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="${theme === 'system' ? 'light dark' : theme}">
<meta name="htmx-config" content="${htmxConfig}">
<title>${title} · ${frame.appName}</title>
<link rel="icon" href="${asset('favicon.svg')}" type="image/svg+xml">
<link rel="stylesheet" href="${asset('css/app.css')}">
<script nonce="${nonce}" defer src="${asset('vendor/htmx.min.js')}"></script>
<script nonce="${nonce}" type="module" src="${asset('js/app.js')}"></script>
</head>
${body}
</html>`
}

/** Links and forms swap #main; a newer navigation replaces one under way. */
export function frameAttributes(frame: Frame): Markup {
  const headers = JSON.stringify({ 'X-CSRF-Token': frame.csrfToken })
  const { id, username } = frame.person ?? {}
  return raw(
    html` data-person="${id}" data-username="${username}"` +
      ' hx-boost:inherited="true" hx-target:inherited="#main" hx-swap:inherited="outerHTML"' +
      ' hx-sync:inherited="#main:replace" hx-indicator:inherited="#progress"' +
      html` hx-headers:inherited="${headers}"`,
  )
}
