/** The paths of an entity, beneath its own; `:id` in place of an id gives the route's pattern. */
export const placesOf = (path: string) => ({
  list: path,
  new: `${path}/new`,
  bulk: `${path}/bulk`,
  bulkPreview: `${path}/bulk/preview`,
  facets: `${path}/facets`,
  options: `${path}/options`,
  import: `${path}/import`,
  imports: `${path}/imports`,
  imported: (id: string) => `${path}/imports/${id}`,
  one: (id: string) => `${path}/${id}`,
  edit: (id: string) => `${path}/${id}/edit`,
  delete: (id: string, back = '') => `${path}/${id}/delete${back ? `?${new URLSearchParams({ back })}` : ''}`,
  restore: (id: string) => `${path}/${id}/restore`,
  history: (id: string) => `${path}/${id}/history`,
})

/** A list with the search, filters and page that somebody came from, as a form of theirs kept them. */
export const listAgain = (path: string, back: unknown) =>
  typeof back === 'string' && back ? `${path}?${new URLSearchParams(back)}` : path
