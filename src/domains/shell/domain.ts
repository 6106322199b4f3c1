import { devMailRoutes } from '#src/domains/shell/dev-mail/routes.tsx'
import { docsRoutes } from '#src/domains/shell/docs/routes.ts'
import { healthRoutes } from '#src/domains/shell/health/routes.tsx'
import { homeRoutes } from '#src/domains/shell/home/routes.tsx'
import { paletteRoutes } from '#src/domains/shell/palette/routes.tsx'
import type { Endpoint } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'
import { tidies, tidy } from '#src/platform/jobs/tidy.ts'
import { notice } from '#src/platform/mail/notice.ts'
import { test } from '#src/platform/mail/test-mail.ts'
import type { Domain } from '#src/resource/domain.ts'

/**
 * What stands round everything else: home, palette, documentation, health.
 * @param table the whole route table: it tells which pages there are, and is what the documentation describes
 * @param contexts all of them: their entries of the sidebar are found by name
 */
export const shell = (table: () => readonly Endpoint[], contexts: () => readonly Domain[]): Domain => ({
  routes: [
    ...homeRoutes,
    ...paletteRoutes(table, contexts),
    ...healthRoutes,
    ...docsRoutes(table),
    ...devMailRoutes,
  ],
  navigation: [{ label: 'Home', href: paths.home, icon: 'house' }],
  mails: [test, notice],
  jobs: [tidies],
  schedules: [{ job: tidy, cron: '23 * * * *' }],
})
