import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import type { Model, Permission } from '#src/access/permission.ts'
import type { Call } from '#src/http/endpoint.ts'
import type { Resource } from '#src/resource/entity.ts'
import type { ListView } from '#src/resource/list/declaration.ts'
import type { May } from '#src/resource/list/views.tsx'

/** A request for an entity, as its endpoint's `can` guarantees it. */
export type EntityCall<M extends Model> = Omit<Call<{ can: Permission }>, 'grant' | 'query' | 'body'> & {
  grant: Grant<M>
  query: ListView
  body: unknown
}

/** What someone can do with an entity's records, in any scope. */
export const mayOf = <M extends Model>(resource: Resource<M>, actor: UserActor): May => ({
  create: actor.can(resource.may('create')),
  update: actor.can(resource.may('update')),
  delete: actor.can(resource.may('delete')),
})
