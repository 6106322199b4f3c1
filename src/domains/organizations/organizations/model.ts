import { z } from 'zod'
import { type ActionsOf, defineModel } from '#src/access/model.ts'
import { fold } from '#src/db/fold.ts'
import { email, nameLine, password, username } from '#src/domains/accounts/model.ts'
import { type RecordRow, Resource } from '#src/resource/entity.ts'
import { choice } from '#src/resource/kinds/choice.ts'
import { flag } from '#src/resource/kinds/flag.ts'
import { integer } from '#src/resource/kinds/integer.ts'
import { text } from '#src/resource/kinds/text.ts'

/** Its own record in every organization; from the platform's, all of them. */
const organization = defineModel('organization', {
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

const kinds = ['platform', 'tenant'] as const

const instant = z.iso.datetime({ offset: true })

/** An organization as JSON and pages know it; the database makes it. */
export const organizationRecord = z.strictObject({
  id: z.guid(),
  kind: z.enum(kinds),
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

export type OrganizationRecord = z.infer<typeof organizationRecord>

export const organizationOf = (row: RecordRow) => row as unknown as OrganizationRecord

/**
 * What lists, files, bulk and history take of it. Not declared for all to find (`defineResource`): its rows have no
 * `org_id`, and the platform reads those of others by functions alone.
 */
export const organizations = new Resource(organization, {
  path: '/organizations',
  one: 'organization',
  many: 'organizations',
  icon: 'building-2',
  title: 'name',
  searched: true,
  soft: false,
  columns: {
    name: text('Name', { sortable: true }),
    slug: text('Short name'),
    kind: choice('Kind', kinds),
    status: choice('Status', statuses, {
      labels: { active: 'Active', suspended: 'Suspended' },
      tones: { active: 'good', suspended: 'warn' },
    }),
    is_default: flag('New accounts join here'),
    users: integer('People'),
    users_is_lower_bound: flag('People is a lower bound'),
  },
  defaultSort: 'name',
  filters: { status: statuses },
  answered: organizationRecord,
})

const name = nameLine(100).min(1, 'Enter a name')

const slug = z
  .string()
  .trim()
  .max(63)
  .regex(/^[a-z0-9][a-z0-9-]*$/, 'Use lower-case letters, digits and dashes; start with a letter or digit')

/** "Šumava Kühlhaus & Co." → "sumava-kuhlhaus-co"; empty where nothing of a name is left. */
export const slugOf = (text: string) =>
  fold(text)
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
    if (!made) context.addIssue({ code: 'custom', path: ['slug'], message: 'Enter a short name' })
    return { ...given, slug: made }
  })

export type NewOrganization = z.infer<typeof newOrganization>

export const someOfOrganization = z
  .strictObject({
    name,
    slug,
    status: z.enum(statuses),
    settings: z.record(z.string().max(100), z.unknown()),
  })
  .partial()

export type OrganizationChange = z.infer<typeof someOfOrganization>

/** Settings stay as they were where a whole record doesn't say them: no form has them. */
export const wholeOrganization = someOfOrganization.required({ name: true, slug: true, status: true })
