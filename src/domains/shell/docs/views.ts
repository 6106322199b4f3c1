import { paths } from '#src/paths.ts'
import type { Frame } from '#src/ui/frame.ts'
import { html, type Markup } from '#src/ui/html.ts'

/** A document of its own: nothing of it is loaded elsewhere, and no style of other pages meets it. */
export function docsDocument({ appName, person, theme, csrfToken, nonce, asset, path }: Frame): Markup {
  const script = (name: string) => html`<script nonce="${nonce}" defer src="${asset(name)}"></script>`
  const who = person ? `Requests act as ${person.name}.` : 'Sign in, or enter a token, to try requests.'
  return html`<!doctype html>
<html lang="en" data-theme="${theme}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>API · ${appName}</title>
<link rel="icon" href="${asset('favicon.svg')}" type="image/svg+xml">
<link rel="stylesheet" href="${asset('vendor/swagger-ui.css')}">
<link rel="stylesheet" href="${asset('css/docs.css')}">
${script('vendor/swagger-ui-bundle.js')}
${script('js/docs.js')}
</head>
<body>
<header class="docs-bar"><p><a href="${path(paths.home)}">${appName}</a></p><p>${who}</p></header>
<main id="docs" data-openapi="${path(paths.openapi)}" data-csrf-token="${person ? csrfToken : ''}">
<noscript><p>This page needs JavaScript. The document itself: <a href="${path(paths.openapi)}">openapi.json</a></p></noscript>
</main>
</body>
</html>`
}
