import { describe, expect, test } from 'vitest'
import type { Endpoint } from '#src/http/endpoint.ts'
import { openApi } from '#src/http/openapi.ts'
import { conformingTo, type Document } from '#tests/http/conformance.ts'
import { agreement } from '#tests/resource/agreement.ts'
import { bodies } from '#tests/resource/bodies.ts'
import { bulk } from '#tests/resource/bulk.ts'
import { bulkPages } from '#tests/resource/bulk-pages.ts'
import { files } from '#tests/resource/files.ts'
import { describeIf } from '#tests/resource/form.ts'
import { imports } from '#tests/resource/import/imports.ts'
import { lists } from '#tests/resource/lists.ts'
import { placing } from '#tests/resource/placing.ts'
import { protocol } from '#tests/resource/protocol.ts'
import { reads } from '#tests/resource/reads.ts'
import { type Entity, Stage } from '#tests/resource/stage.ts'
import { tenancy } from '#tests/resource/tenancy.ts'
import { untouched } from '#tests/resource/untouched.ts'
import { versions } from '#tests/resource/versions.ts'
import { writes } from '#tests/resource/writes.ts'
import { type App, testConfig } from '#tests/setup/database.ts'

/** Everything that the kernel promises of an entity. `routes` is the table that `app` was made of. */
export async function suiteFor({
  routes,
  ...entity
}: Entity & { routes: readonly Endpoint[] }): Promise<void> {
  const answers: Heard[] = []
  const stage = await Stage.of({ ...entity, app: overheard(entity.app, answers) })
  describe(entity.resource.declared.many, () => {
    describe('written', () => writes(stage))
    describe('placed', () => placing(stage))
    describe('entered', () => bodies(stage))
    describe('versioned', () => versions(stage))
    describe('untouched', () => untouched(stage))
    describe('read', () => reads(stage))
    describe('listed', () => lists(stage))
    describeIf(stage.ownable && stage.groupable)('agreed on', () => agreement(stage))
    describe('done to many', () => {
      bulk(stage)
      bulkPages(stage)
    })
    describe('files', () => files(stage))
    describe('imported', () => imports(stage))
    describe('within the organization', () => tenancy(stage))
    describe('by HTTP', () => protocol(stage))
    // last, since it looks at all that the others got
    test('every answer is one that the interface’s document tells of', async () => {
      const conforms = conformingTo(JSON.parse(JSON.stringify(openApi(routes, testConfig()))) as Document)
      const wrong = new Set<string>()
      for (const { method, path, ...answer } of answers)
        for (const complaint of conforms(method, path, answer)) wrong.add(complaint)
      expect([...wrong].slice(0, 10)).toEqual([])
    })
  })
}

type Heard = { method: string; path: string; status: number; headers: Headers; text: string }

/** The application, and what it answers to programs; what there is no path or method for is no operation. */
function overheard(app: App, answers: Heard[]): App {
  const request = async (path: string, init: RequestInit = {}, ...others: []) => {
    const response = await app.request(path, init, ...others)
    const { status, headers } = response
    const { method = 'GET' } = init
    const json = /json/.test(headers.get('content-type') ?? '')
    if (json && method !== 'HEAD' && ![404, 405].includes(status))
      answers.push({ method, path, status, headers, text: await response.clone().text() })
    return response
  }
  return { request } as unknown as App
}
