/** The paths of an entity, beneath its own; `:id` in place of an id gives the route's pattern. */
export const placesOf = (path: string) => ({
  list: path,
  new: `${path}/new`,
  bulk: `${path}/bulk`,
  facets: `${path}/facets`,
  options: `${path}/options`,
  import: `${path}/import`,
  imports: `${path}/imports`,
  imported: (id: string) => `${path}/imports/${id}`,
  one: (id: string) => `${path}/${id}`,
  edit: (id: string) => `${path}/${id}/edit`,
  restore: (id: string) => `${path}/${id}/restore`,
  history: (id: string) => `${path}/${id}/history`,
})
