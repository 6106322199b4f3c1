import { access } from '#tests/mutations/faults/access.ts'
import { audit } from '#tests/mutations/faults/audit.ts'
import { bounds } from '#tests/mutations/faults/bounds.ts'
import { control } from '#tests/mutations/faults/control.ts'
import { door } from '#tests/mutations/faults/door.ts'
import { elsewhere } from '#tests/mutations/faults/elsewhere.ts'
import { files } from '#tests/mutations/faults/files.ts'
import { granting } from '#tests/mutations/faults/granting.ts'
import { http } from '#tests/mutations/faults/http.ts'
import { keys } from '#tests/mutations/faults/keys.ts'
import { many } from '#tests/mutations/faults/many.ts'
import { names } from '#tests/mutations/faults/names.ts'
import { notices } from '#tests/mutations/faults/notices.ts'
import { parents } from '#tests/mutations/faults/parents.ts'
import { renewal } from '#tests/mutations/faults/renewal.ts'
import { signIn } from '#tests/mutations/faults/sign-in.ts'
import { strength } from '#tests/mutations/faults/strength.ts'
import { tenancy } from '#tests/mutations/faults/tenancy.ts'
import { waits } from '#tests/mutations/faults/waits.ts'
import type { Mutation } from '#tests/mutations/mutation.ts'

/** Every fault, by the wall that it stands in. */
export const areas: Readonly<Record<string, readonly Mutation[]>> = {
  tenancy,
  door,
  access,
  strength,
  renewal,
  notices,
  parents,
  granting,
  'sign-in': signIn,
  control,
  keys,
  http,
  waits,
  audit,
  files,
  names,
  bounds,
  elsewhere,
  many,
}
