import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { endpoints } from '#src/app.ts'
import { openApi } from '#src/http/openapi.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { config } = await testDatabase()

export type Schema = { [keyword: string]: unknown; $ref?: string }
export type Parameter = {
  name: string
  in: string
  required?: boolean
  style?: string
  explode?: boolean
  schema: Schema
}
export type Operation = {
  operationId: string
  description: string
  parameters: ({ $ref?: string } & Parameter)[]
  requestBody?: { required: boolean; content: Record<string, { schema: Schema }> }
  responses: Record<string, { $ref?: string; content?: Record<string, { schema: Schema }> }>
  security: object[]
}
export type Document = {
  paths: Record<string, Record<string, Operation>>
  components: Record<string, Record<string, never>>
}

/** The document, as it is served. */
export const openApiDocument = JSON.parse(JSON.stringify(openApi(endpoints, config))) as Document

/** A part of the document, by its JSON pointer: what refers to a component is followed. */
export function pointed<T extends { $ref?: string }>(part: T, document = openApiDocument): T {
  if (!part.$ref) return part
  const [, , kind = '', name = ''] = part.$ref.split('/')
  return document.components[kind]?.[name] as unknown as T
}
export const parametersOf = ({ parameters }: Operation): Parameter[] =>
  parameters.map((parameter) => pointed(parameter))

const escaped = (name: string) => encodeURIComponent(name.replaceAll('~', '~0').replaceAll('/', '~1'))

/** An operation's path in the document for a path that was asked for: `/api/users/1f…` is `/api/v1/users/{id}`. */
function templateOf(document: Document, method: string, asked: string): string {
  const path = asked
    .replace(/\?.*$/, '')
    .replace(/^(\/api(\/v1)?)?(?=\/)/, '/api/v1')
    .replace(/(?<=.)\/$/, '')
  const fits = Object.keys(document.paths).filter((template) =>
    new RegExp(`^${template.replaceAll('.', '\\.').replace(/\{\w+\}/g, '[^/]+')}$`).test(path),
  )
  // a word is meant before an id: /users/me is not the user "me"
  const [found] = fits
    .filter((template) => document.paths[template]?.[method.toLowerCase()])
    .sort((a, b) => a.split('{').length - b.split('{').length)
  if (!found) throw new Error(`the document has no ${method} ${path}`)
  return found
}

/** The document promises programs that there may be more some day; of what is answered today it has to know all. */
function closed(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(closed)
  if (typeof part !== 'object' || part === null) return part
  const inner = Object.fromEntries(Object.entries(part).map(([key, value]) => [key, closed(value)]))
  return 'properties' in part ? { additionalProperties: false, ...inner } : inner
}

type Answered = { status: number; headers: Headers; text: string }

/**
 * Whether answers are such as a document tells of: their status, their type, and what their schema says. A path is as
 * it was asked for, with or without /api, query and all. What comes back is what is wrong: nothing, on a good day.
 */
export function conformingTo(document: Document) {
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  addFormats.default(ajv)
  ajv.addSchema({ $id: 'document', ...(closed(document) as Document) })
  return (method: string, path: string, { status, headers, text }: Answered): string[] => {
    const template = templateOf(document, method, path)
    const operation = document.paths[template]?.[method.toLowerCase()] as Operation
    const declared = operation.responses[status]
    const at = `${method} ${path}: ${status}`
    if (!declared)
      return [`${at} is not declared; ${Object.keys(operation.responses)} are. ${text.slice(0, 300)}`]
    const content = pointed(declared, document).content ?? {}
    const type = headers.get('content-type')?.split(';')[0] ?? ''
    if (!text && !type) return Object.keys(content).length ? [`${at} has no body`] : []
    if (!content[type]) return [`${at} is of type ${type}; declared is ${Object.keys(content)}`]
    if (type === 'text/csv') return []
    const place = declared.$ref
      ? `#/components/responses/${status}`
      : `#/paths/${escaped(template)}/${method.toLowerCase()}/responses/${status}`
    const validate = ajv.getSchema(`document${place}/content/${escaped(type)}/schema`)
    if (!validate) throw new Error(`no schema at ${place}`)
    if (validate(JSON.parse(text))) return []
    return (validate.errors ?? []).map(
      ({ instancePath, message, params }) => `${at} ${instancePath} ${message} ${JSON.stringify(params)}`,
    )
  }
}

/** Whether an answer of the program is one that its document tells of. */
export const conforms = conformingTo(openApiDocument)
