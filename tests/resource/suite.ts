import { describe } from 'vitest'
import { agreement } from '#tests/resource/agreement.ts'
import { bodies } from '#tests/resource/bodies.ts'
import { bulk } from '#tests/resource/bulk.ts'
import { files } from '#tests/resource/files.ts'
import { lists } from '#tests/resource/lists.ts'
import { placing } from '#tests/resource/placing.ts'
import { reads } from '#tests/resource/reads.ts'
import { type Entity, Stage } from '#tests/resource/stage.ts'
import { tenancy } from '#tests/resource/tenancy.ts'
import { versions } from '#tests/resource/versions.ts'
import { writes } from '#tests/resource/writes.ts'

/** Everything that the kernel promises of an entity. */
export async function suiteFor(entity: Entity): Promise<void> {
  const stage = await Stage.of(entity)
  describe(entity.resource.declared.many, () => {
    describe('written', () => writes(stage))
    describe('placed', () => placing(stage))
    describe('entered', () => bodies(stage))
    describe('versioned', () => versions(stage))
    describe('read', () => reads(stage))
    describe('agreed on', () => agreement(stage))
    describe('listed', () => lists(stage))
    describe('done to many', () => bulk(stage))
    describe('files', () => files(stage))
    describe('within the organization', () => tenancy(stage))
  })
}
