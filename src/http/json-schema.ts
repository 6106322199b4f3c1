import { z } from 'zod'

export type JsonSchema = { [keyword: string]: unknown; type?: string; $ref?: string }

type Io = 'input' | 'output'
type Visited = { zodSchema: z.core.$ZodTypes; jsonSchema: JsonSchema }

const FORMATS = ['uuid', 'date-time', 'date', 'email']

export class Components {
  readonly schemas: Record<string, JsonSchema> = {}

  of(schema: z.ZodType, io: Io): JsonSchema {
    return this.#converted(schema, io, false)
  }

  ofQuery(schema: z.ZodType): JsonSchema {
    return this.#converted(schema, 'input', true)
  }

  resolved(schema: JsonSchema): JsonSchema {
    const name = schema.$ref?.replace(REF, '')
    return name ? (this.schemas[name] ?? schema) : schema
  }

  #converted(schema: z.ZodType, io: Io, query: boolean): JsonSchema {
    const suffix = io === 'input' ? 'Input' : ''
    const override = (visited: Visited) => tidy(visited, io, query)
    const json = z.toJSONSchema(schema, { io, unrepresentable: 'any', override: override as never })
    const moved = JSON.stringify(json).replace(/"#\/\$defs\/([^"]+)"/g, `"${REF}$1${suffix}"`)
    const { $schema: _, $defs = {}, ...root } = JSON.parse(moved)
    for (const [name, { id: _, ...part }] of Object.entries($defs as Record<string, JsonSchema>))
      this.#add(name + suffix, part)
    return root
  }

  #add(name: string, schema: JsonSchema): void {
    const known = this.schemas[name]
    if (known && JSON.stringify(known) !== JSON.stringify(schema))
      throw new Error(`two schemas are named ${name}`)
    this.schemas[name] = schema
  }
}

const REF = '#/components/schemas/'

function tidy({ zodSchema, jsonSchema }: Visited, io: Io, query: boolean): void {
  if (FORMATS.includes(jsonSchema.format as string)) delete jsonSchema.pattern
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
  tidyPattern(jsonSchema)
  const { def } = zodSchema._zod
  if (io === 'output') {
    // responses may gain keys later, which clients have to accept
    if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties
    return
  }
  dropSpellings(jsonSchema)
  if (def.type === 'object') {
    // values with a default need not be sent
    const required = Object.keys(def.shape).filter((name) => !absent(def.shape[name]))
    if (required.length) jsonSchema.required = required
    else delete jsonSchema.required
  }
  if (def.type !== 'pipe' || jsonSchema.type !== 'string') return
  // for text that is normalized first, clients need to know the check
  const override = (visited: Visited) => tidy(visited, io, query)
  const options = { io: 'input', unrepresentable: 'any', override: override as never } as const
  const { $schema: _, ...checked } = z.toJSONSchema(def.out as z.ZodType, options) as JsonSchema
  if (checked.type === 'string') Object.assign(jsonSchema, checked)
  if (query && ['integer', 'number', 'boolean'].includes(checked.type ?? '')) {
    delete jsonSchema.pattern
    Object.assign(jsonSchema, checked)
  }
}

/** Keeps the last, strictest pattern: client generators don't understand allOf. */
function tidyPattern(schema: JsonSchema): void {
  const all = (schema.allOf ?? []) as JsonSchema[]
  if (all.length && all.every((part) => Object.keys(part).join() === 'pattern')) {
    delete schema.allOf
    schema.pattern = all.at(-1)?.pattern
  }
  if (typeof schema.pattern !== 'string') return
  const plain = schema.pattern.replaceAll('\\P{Cc}', '[^\\x00-\\x1f\\x7f-\\x9f]')
  if (NEEDS_FLAG.test(plain)) delete schema.pattern
  else schema.pattern = plain
}

/** Patterns with Unicode classes mean something else without the flag, which many clients omit. */
const NEEDS_FLAG = /\\[pPu]\{/

/** Drops spellings for forms: programs send null, true and false. */
function dropSpellings(schema: JsonSchema): void {
  const all = (schema.anyOf ?? []) as JsonSchema[]
  const told = all.filter((part) => !isSpelling(part))
  if (!told.length || told.length === all.length) return
  schema.anyOf = told
  if (told.length > 1) return
  delete schema.anyOf
  Object.assign(schema, told[0])
}

const isSpelling = ({ const: only, enum: words, items }: JsonSchema): boolean =>
  only === '' || String(words) === 'true,false' || (items !== undefined && isSpelling(items as JsonSchema))

const absent = (schema: z.core.$ZodType | undefined): boolean =>
  schema !== undefined && z.safeParse(schema, undefined).success
