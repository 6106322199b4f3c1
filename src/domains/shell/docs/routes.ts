import { z } from 'zod'
import type { Config } from '#src/config.ts'
import { docsDocument } from '#src/domains/shell/docs/views.ts'
import { notFound } from '#src/errors.ts'
import { type Endpoint, everybody, get, type Services } from '#src/http/endpoint.ts'
import { openApi } from '#src/http/openapi.ts'
import { paths } from '#src/paths.ts'

const readers = everybody('it describes the API and contains no data')

const openApiAnswer = z.looseObject({ openapi: z.string(), paths: z.looseObject({}) })

const enabled = ({ services }: { services: Services }) => {
  if (!services.config.DOCS_ENABLED) throw notFound()
}

/** The document of the whole route table, and the page that shows it. */
export function docsRoutes(endpoints: () => readonly Endpoint[]): Endpoint[] {
  const made = new WeakMap<Config, string>()
  const documentOf = ({ services: { config } }: { services: Services }) => {
    const text = made.get(config) ?? JSON.stringify(openApi(endpoints(), config))
    made.set(config, text)
    return text
  }
  return [
    get(
      paths.openapi,
      readers,
      { only: 'json', answer: openApiAnswer, otherStatuses: [404], summary: 'Get this document' },
      (call) => {
        enabled(call)
        return { json: documentOf(call) }
      },
    ),
    get(paths.docs, readers, { only: 'page' }, (call) => {
      enabled(call)
      return { document: docsDocument }
    }),
    get(paths.redoc, readers, { only: 'page' }, (call) => {
      enabled(call)
      return { location: paths.docs }
    }),
  ]
}
