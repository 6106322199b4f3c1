import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createClient } from '@hey-api/openapi-ts'
import openapiTS, { astToString } from 'openapi-typescript'
import { generate } from 'orval'

/** Makes a client of the document with each generator. @param to a folder that there isn't */
export async function generateClients(document: object, to: string, url: string): Promise<void> {
  const input = `${to}.json`
  await writeFile(input, JSON.stringify(document))
  const validated = { name: '@hey-api/sdk', validator: true } as const
  // a moment with +00:00 is one, too (RFC 3339)
  const schemas = { name: 'zod', dates: { offset: true } } as const
  await createClient({
    input,
    output: join(to, 'hey-api'),
    plugins: ['@hey-api/typescript', '@hey-api/client-fetch', schemas, validated],
    logs: { level: 'silent' },
  })
  const types = await openapiTS(structuredClone(document) as never)
  await writeFile(join(to, 'openapi-typescript.ts'), astToString(types))
  const orval = (client: 'fetch' | 'zod', name: string) =>
    generate({ input, output: { target: join(to, name), client, baseUrl: url } }, to, { logLevel: 'error' })
  await orval('fetch', 'orval.ts')
  await orval('zod', 'orval-zod.ts')
}
