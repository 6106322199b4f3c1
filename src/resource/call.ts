import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import type { Model, Permission } from '#src/access/permission.ts'
import type { Call } from '#src/http/endpoint.ts'
import type { Resource } from '#src/resource/entity.ts'
import type { ListView } from '#src/resource/list/declaration.ts'
import type { May } from '#src/resource/list/views.tsx'

/** A request for an entity, as its endpoint's `can` guarantees it. */
export type EntityCall<M extends Model, A extends string = string> = Omit<
  Call<{ can: Permission }>,
  'grant' | 'query' | 'body'
> & {
  grant: Grant<M, A>
  query: ListView
  body: unknown
}

/**
 * A request as one for an entity. Types lose the Grant's model where permissions are made from a declaration; the
 * endpoint's `can` names the same one.
 */
export const entityCall = <M extends Model, A extends string = string>(call: object): EntityCall<M, A> =>
  call as EntityCall<M, A>

/** The reader's Grant for one of an entity's actions; null without one. */
export const findGrant = <M extends Model, A extends string>(
  resource: Resource<M>,
  actor: UserActor,
  action: A,
): Grant<M, A> | null => actor.find(resource.may(action)) as Grant | null as Grant<M, A> | null

/** The reader's Grant for one of an entity's actions. @throws {Forbidden} */
export const requireGrant = <M extends Model, A extends string>(
  resource: Resource<M>,
  actor: UserActor,
  action: A,
): Grant<M, A> => actor.require(resource.may(action)) as Grant as Grant<M, A>

/** What someone can do with an entity's records, in any scope. */
export const mayOf = <M extends Model>(resource: Resource<M>, actor: UserActor): May => ({
  create: actor.can(resource.may('create')),
  update: actor.can(resource.may('update')),
  delete: actor.can(resource.may('delete')),
})
