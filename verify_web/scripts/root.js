// What stands before every path of this site: empty, or the path that a reverse proxy serves it under.
export const ROOT = new URL('../..', import.meta.url).pathname.slice(0, -1)
