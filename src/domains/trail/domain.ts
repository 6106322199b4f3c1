import { eventRoutes } from '#src/domains/trail/events/routes.tsx'
import { paths } from '#src/paths.ts'
import type { Domain } from '#src/resource/domain.ts'

/** What happened. */
export const trail: Domain = {
  routes: eventRoutes,
  navigation: [
    { label: 'Audit log', href: paths.events, icon: 'scroll-text', section: 'Access', can: 'event:read' },
  ],
}
