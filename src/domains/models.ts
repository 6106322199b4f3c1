/** Every model of the program: whoever decides about rows or seeds permissions needs all of them declared. */
import '#src/domains/api-keys/model.ts'
import '#src/domains/events/model.ts'
import '#src/domains/groups/model.ts'
import '#src/domains/organizations/model.ts'
import '#src/domains/permissions/model.ts'
import '#src/domains/roles/model.ts'
import '#src/domains/sessions/model.ts'
import '#src/domains/users/model.ts'
