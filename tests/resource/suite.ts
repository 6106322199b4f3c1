import { describe } from 'vitest'
import { placing } from '#tests/resource/placing.ts'
import { type Entity, Stage } from '#tests/resource/stage.ts'
import { writes } from '#tests/resource/writes.ts'

/** Everything that the kernel promises of an entity. */
export async function suiteFor(entity: Entity): Promise<void> {
  const stage = await Stage.of(entity)
  describe(entity.resource.declared.many, () => {
    describe('written', () => writes(stage))
    describe('placed', () => placing(stage))
  })
}
