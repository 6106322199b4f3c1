import { access } from '#tests/mutations/faults/access.ts'
import { audit } from '#tests/mutations/faults/audit.ts'
import { door } from '#tests/mutations/faults/door.ts'
import { elsewhere } from '#tests/mutations/faults/elsewhere.ts'
import { files } from '#tests/mutations/faults/files.ts'
import { granting } from '#tests/mutations/faults/granting.ts'
import { http } from '#tests/mutations/faults/http.ts'
import { keys } from '#tests/mutations/faults/keys.ts'
import { notices } from '#tests/mutations/faults/notices.ts'
import { signIn } from '#tests/mutations/faults/sign-in.ts'
import { tenancy } from '#tests/mutations/faults/tenancy.ts'
import type { Mutation } from '#tests/mutations/mutation.ts'

/** Every fault, by the wall that it stands in. */
export const areas: Readonly<Record<string, readonly Mutation[]>> = {
  tenancy,
  door,
  access,
  notices,
  granting,
  'sign-in': signIn,
  keys,
  http,
  audit,
  files,
  elsewhere,
}
