import { z } from 'zod'
import { type ActionsOf, defineModel } from '#src/access/model.ts'
import { email, password, username } from '#src/domains/users/model.ts'
import { listQuery } from '#src/http/list.ts'

/** Its own record in every organization; from the platform's, all of them. */
export const organization = defineModel('organization', {
  table: 'organizations',
  actions: ['create', 'read', 'update', 'delete', 'enter'],
  own: [],
  group: [],
})

declare module '#src/access/permission.ts' {
  interface Models {
    organization: ActionsOf<typeof organization>
  }
}

export const statuses = ['active', 'suspended'] as const

const instant = z.iso.datetime({ offset: true })

/** An organization as JSON and pages know it; the database makes it. */
export const organizationRecord = z
  .strictObject({
    id: z.guid(),
    kind: z.enum(['platform', 'tenant']),
    name: z.string(),
    slug: z.string(),
    status: z.enum(statuses),
    is_default: z.boolean(),
    settings: z.record(z.string(), z.unknown()),
    users: z.int(),
    users_is_lower_bound: z.boolean(),
    created_at: instant,
    updated_at: instant,
    version: z.int(),
  })
  .meta({ id: 'organization' })
export type OrganizationRecord = z.infer<typeof organizationRecord>

export const organizationList = listQuery({
  sorts: { name: ['sort_name', 'text'], created_at: ['created_at', 'timestamptz'] },
  defaultSort: 'name',
  filters: { status: statuses },
})

const line = (most: number) =>
  z
    .string('is needed')
    .trim()
    .min(1, 'is needed')
    .max(most, `has at most ${most} characters`)
    .regex(/^\P{Cc}*$/u, 'has a control character')

const name = line(100)
const slug = z
  .string('is needed')
  .trim()
  .max(63, 'has at most 63 characters')
  .regex(
    /^[a-z0-9][a-z0-9-]*$/,
    'has lower-case letters, digits and dashes, and begins with a letter or digit',
  )

/** "Šumava Kühlhaus & Co." → "sumava-kuhlhaus-co"; empty where nothing of a name is left. */
export const slugOf = (text: string) =>
  text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 63)
    .replace(/^-|-$/g, '')

/** An empty field of a form is none. */
const optional = <S extends z.ZodType>(schema: S) =>
  z.preprocess((value) => (value === '' ? undefined : value), schema.optional())

/** An organization begins with its owner, who is invited where no password is given. */
export const newOrganization = z
  .strictObject({
    name,
    slug: optional(slug),
    owner_username: username,
    owner_email: email,
    owner_password: optional(password),
  })
  .transform((given, context) => {
    const made = given.slug ?? slugOf(given.name)
    if (!made) context.addIssue({ code: 'custom', path: ['slug'], message: 'is needed' })
    return { ...given, slug: made }
  })
export type NewOrganization = z.infer<typeof newOrganization>

export const someOfOrganization = z
  .strictObject({
    name,
    slug,
    status: z.enum(statuses, 'must be active or suspended'),
    settings: z.record(z.string().max(100), z.json()),
  })
  .partial()
export type OrganizationChange = z.infer<typeof someOfOrganization>

export const entering = z.strictObject({ reason: line(500) })
