import { editingRoutes } from '#src/domains/roles/editing/routes.tsx'
import { permissionRoutes } from '#src/domains/roles/permissions/routes.tsx'
import { roleRoutes } from '#src/domains/roles/roles/routes.tsx'
import { stepRoutes } from '#src/domains/roles/roles/step-routes.ts'
import { templateRoutes } from '#src/domains/roles/templates/routes.tsx'
import { paths } from '#src/paths.ts'
import type { Domain } from '#src/resource/domain.ts'

/** What can be given: roles, and the permissions they hold. */
export const roles: Domain = {
  routes: [...editingRoutes, ...templateRoutes, ...stepRoutes, ...roleRoutes, ...permissionRoutes],
  navigation: [
    { label: 'Roles', href: paths.roles, icon: 'shield-check', section: 'Access', can: 'role:read' },
    {
      label: 'Permissions',
      href: paths.permissions,
      icon: 'key-round',
      section: 'Access',
      can: 'permission:read',
    },
  ],
}
