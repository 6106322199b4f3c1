import { resourceRoutes } from '#src/resource/routes.tsx'
import { vendors } from '#tests/vendors/model.ts'

export const vendorRoutes = resourceRoutes(vendors)
