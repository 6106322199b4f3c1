import { enteringRoutes } from '#src/domains/organizations/entering/routes.tsx'
import { organizationRoutes } from '#src/domains/organizations/organizations/routes.tsx'
import { paths } from '#src/paths.ts'
import type { Domain } from '#src/resource/domain.ts'

/** The organizations of the program, for whoever runs it. */
export const organizations: Domain = {
  routes: [...enteringRoutes, ...organizationRoutes],
  navigation: [
    {
      label: 'Organizations',
      href: paths.organizations,
      icon: 'building-2',
      section: 'Platform',
      can: 'organization:read',
      platform: true,
    },
  ],
}
