import { Banner } from '#src/ui/banner.tsx'
import { Document, frameAttributes } from '#src/ui/document.ts'
import { RefusalSummary, type RefusalSummaryProps } from '#src/ui/form.tsx'
import type { Frame } from '#src/ui/frame.ts'
import { type Child, html, type Markup } from '#src/ui/html.ts'
import { Icon } from '#src/ui/icon.tsx'
import { Logo } from '#src/ui/logo.tsx'
import { Notices } from '#src/ui/notice.tsx'
import { PaletteDialog } from '#src/ui/palette.tsx'
import { Sidebar } from '#src/ui/sidebar.tsx'
import { TopBar } from '#src/ui/top-bar.tsx'
import { Undo } from '#src/ui/undo.tsx'

export interface ScreenProps {
  frame: Frame
  title: string
  subtitle?: Child
  actions?: Child
  breadcrumbs?: { label: string; href: string }[]
  /** What stood in the way of a form that was sent from here. */
  refused?: RefusalSummaryProps
  children?: Child
}

export function Page(props: ScreenProps): Markup {
  const { frame, title } = props
  return Document({
    frame,
    title,
    body: html`<body${frameAttributes(frame)}>
<a class="skip" href="#main">Skip to content</a>
<div id="progress" class="progress"></div>
${frame.banner ? Banner({ frame, ...frame.banner }) : null}
${TopBar({ frame })}
${Sidebar({ frame })}
${Main(props)}
${frame.person ? PaletteDialog({ action: frame.path('/palette') }) : null}
${Notices({ notice: frame.notice })}
<p id="result" class="unseen" role="status"></p>
</body>`,
  })
}

/** The same screen for a partial htmx request: title, content, and the notice where there is one. */
export function Part(props: ScreenProps): Markup {
  const { frame, title } = props
  return html`<title>${title} · ${frame.appName}</title>
${Main(props)}
${frame.notice ? Notices({ notice: frame.notice, apart: true }) : null}`
}

function Main({ frame, title, subtitle, actions, breadcrumbs, refused, children }: ScreenProps): Markup {
  const current = frame.navigation.find((item) => item.current)
  const { notice, csrfToken } = frame
  return html`<main id="main" class="main" data-current="${current?.href}">
<header class="head">
<div class="head-text">${breadcrumbs?.length ? Breadcrumbs({ breadcrumbs }) : null}
<h1 tabindex="-1">${title}</h1>${subtitle ? html`<p class="lead">${subtitle}</p>` : null}</div>
${actions ? html`<div class="actions">${actions}</div>` : null}
</header>
${notice?.undo ? Undo({ ...notice.undo, text: notice.text, csrfToken }) : null}
${refused ? RefusalSummary(refused) : null}
${children}
</main>`
}

function Breadcrumbs({ breadcrumbs }: { breadcrumbs: { label: string; href: string }[] }): Markup {
  return html`<nav class="trail" aria-label="Breadcrumb"><ol>${breadcrumbs.map(
    ({ label, href }) => html`<li><a href="${href}">${label}</a></li>`,
  )}</ol></nav>`
}

export interface PlainProps {
  frame: Frame
  title: string
  subtitle?: Child
  footer?: Child
  refused?: RefusalSummaryProps
  children?: Child
}

/** For visitors: sign-in, registration, their errors. Never boosted: it ends or begins a session. */
export function Plain({ frame, title, subtitle, footer, refused, children }: PlainProps): Markup {
  return Document({
    frame,
    title,
    body: html`<body class="visitor-page">
<main id="main" class="visitor">
<p class="brand">${Logo()}${frame.appName}</p>
<section class="panel visitor-card">
<h1>${title}</h1>${subtitle ? html`<p class="lead">${subtitle}</p>` : null}
${refused ? RefusalSummary(refused) : null}
${children}
</section>
${footer ? html`<p class="visitor-footer">${footer}</p>` : null}
</main>
${Notices({ notice: frame.notice })}
<p id="result" class="unseen" role="status"></p>
</body>`,
  })
}

/** The same as a dialog: what is asked first while a form waits to be sent (js/sending.js). */
export function Asking({ title, subtitle, children }: PlainProps): Markup {
  return html`<dialog class="dialog" aria-labelledby="asked">
<h2 id="asked">${title}</h2>${subtitle ? html`<p>${subtitle}</p>` : null}
${children}
<button type="button" class="button quiet dialog-close" data-close aria-label="Cancel" title="Cancel">${Icon({ name: 'x' })}</button>
</dialog>`
}
