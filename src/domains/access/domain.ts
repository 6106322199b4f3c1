import { compareRoutes } from '#src/domains/access/compare/routes.tsx'
import { effectiveRoutes } from '#src/domains/access/effective/routes.tsx'
import { explainRoutes } from '#src/domains/access/explain/routes.tsx'
import { matrixRoutes } from '#src/domains/access/matrix/routes.tsx'
import { paths } from '#src/paths.ts'
import type { Domain } from '#src/resource/domain.ts'

/** What someone can do, and why. */
export const access: Domain = {
  routes: [...explainRoutes, ...matrixRoutes, ...compareRoutes, ...effectiveRoutes],
  navigation: [
    {
      label: 'Role matrix',
      href: paths.access.matrix,
      icon: 'grid-3x3',
      section: 'Access',
      can: ['role:read', 'permission:read'],
    },
    { label: 'Access check', href: paths.access.explain, icon: 'life-buoy', section: 'Access' },
  ],
}
