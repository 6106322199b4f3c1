import { comparedRolesScreen } from '#src/domains/access/compare/views.tsx'
import { compareQuery, rolesCompared } from '#src/domains/access/matrix/model.ts'
import { comparedRoles, matrixOf } from '#src/domains/access/matrix/queries.ts'
import { notFound } from '#src/errors.ts'
import { can, get } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'

export const compareRoutes = [
  get(
    paths.compareRoles,
    can('role:read'),
    {
      query: compareQuery,
      answer: rolesCompared,
      summary: 'Compare what two roles grant',
      otherStatuses: [404],
    },
    async ({ db, actor, grant, query }) => {
      const ids = [query.a, query.b].filter((id) => id !== undefined)
      const grants = { roles: grant, permissions: actor.require('permission:read') }
      const matrix = await matrixOf(db, actor, grants, { roles: ids })
      const roles = ids.flatMap((id) => matrix.roles.find((role) => role.id === id) ?? [])
      if (roles.length < ids.length) throw notFound()
      const data = comparedRoles(matrix, ids)
      return {
        json: { roles: roles.map(({ id, name }) => ({ id, name })), data },
        screen: (frame) => comparedRolesScreen({ roles, every: matrix.everyRole, data, frame }),
      }
    },
  ),
]
